/** Lengths of time in the reader's words. */
import { useI18n } from "vue-i18n";
import { clockLength, lengthParts } from "./format.js";

export function useLength(): {
  readonly lengthText: (ms: number) => string;
  readonly clockText: (ms: number) => string;
} {
  const { t } = useI18n();
  /** `2 h 5 min`, at most two parts. */
  function lengthText(ms: number): string {
    const { d, h, m } = lengthParts(ms);
    const parts: string[] = [];
    if (d > 0) parts.push(t("common.d", { n: d }));
    if (h > 0) parts.push(t("common.h", { n: h }));
    if (d === 0 && (m > 0 || h === 0)) parts.push(t("common.m", { n: m }));
    return parts.join(" ");
  }
  return { lengthText, clockText: clockLength };
}
