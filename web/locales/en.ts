/** Every text of the page in English. */
import { access } from "./en/access.js";
import { administration } from "./en/administration.js";
import { codes } from "./en/codes.js";
import { common } from "./en/common.js";
import { desktop } from "./en/desktop.js";
import { details } from "./en/details.js";
import { duties } from "./en/duties.js";
import { errors } from "./en/errors.js";
import { factors } from "./en/factors.js";
import { evidence } from "./en/evidence.js";
import { register } from "./en/register.js";
import { verbs } from "./en/verbs.js";
import { words } from "./en/words.js";

export const en = {
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
