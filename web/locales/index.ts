/** The page's two languages. Chinese is the first; English is complete: the type checker and a test hold them to the same keys. */
import { createI18n } from "vue-i18n";
import type { Locale } from "../api/types.js";
import { en } from "./en.js";
import { zhCN } from "./zh-CN.js";

type Messages = typeof zhCN;

const messages: Record<Locale, Messages> = { "zh-CN": zhCN, en };

export const i18n = createI18n({ legacy: false, locale: "zh-CN", fallbackLocale: "zh-CN", messages });
