/** 中文界面的全部文字。 */
import { access } from "./zh-CN/access.js";
import { administration } from "./zh-CN/administration.js";
import { codes } from "./zh-CN/codes.js";
import { common } from "./zh-CN/common.js";
import { desktop } from "./zh-CN/desktop.js";
import { details } from "./zh-CN/details.js";
import { duties } from "./zh-CN/duties.js";
import { errors } from "./zh-CN/errors.js";
import { factors } from "./zh-CN/factors.js";
import { evidence } from "./zh-CN/evidence.js";
import { register } from "./zh-CN/register.js";
import { verbs } from "./zh-CN/verbs.js";
import { words } from "./zh-CN/words.js";

export const zhCN = {
  ...common,
  ...access,
  ...evidence,
  ...administration,
  ...words,
  ...desktop,
  ...details,
  ...codes,
  ...factors,
  ...duties,
  ...register,
  error: errors,
  verb: verbs,
};
