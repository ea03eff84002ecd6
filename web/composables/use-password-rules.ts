/** What a new password must be, in words: read from the gate once, when a page that sets one opens. */
import { computed, onMounted, ref, type ComputedRef } from "vue";
import { useI18n } from "vue-i18n";
import * as api from "../api/factors.js";
import type { SignInOffers } from "../api/types.js";
import { LEAST_RULES, passwordFault } from "./password-rules.js";
import { useAction } from "./use-action.js";

export interface PasswordWords {
  readonly offers: ComputedRef<SignInOffers | undefined>;
  /** All of the rules, as sentences. */
  readonly rules: ComputedRef<string>;
  /** What is wrong with this one, as far as the page can tell; undefined where nothing is, or nothing was typed. */
  readonly faultOf: (password: string, login: string) => string | undefined;
}

export function usePasswordRules(): PasswordWords {
  const { t, locale } = useI18n();
  const { run } = useAction();
  const offers = ref<SignInOffers>();
  onMounted(() =>
    run(async () => {
      offers.value = await api.signInOffers();
    }),
  );
  const asked = computed(() => offers.value?.password ?? LEAST_RULES);
  const rules = computed(() => {
    const { leastCharacters, leastKinds, longestDays, history } = asked.value;
    return [
      t("enrol.rules", { n: leastCharacters }),
      ...(leastKinds > 0 ? [t("enrol.rulesKinds", { n: leastKinds })] : [t("enrol.rulesSentence")]),
      ...(longestDays === null ? [] : [t("enrol.rulesDays", { n: longestDays })]),
      ...(history > 0 ? [t("enrol.rulesHistory", { n: history })] : []),
    ].join(locale.value === "zh-CN" ? "" : " ");
  });
  const faultOf = (password: string, login: string): string | undefined => {
    const { leastCharacters, leastKinds } = asked.value;
    const fault = password === "" ? undefined : passwordFault(password, login, asked.value);
    return fault === undefined
      ? undefined
      : t(`enrol.${fault}`, { n: fault === "fewKinds" ? leastKinds : leastCharacters });
  };
  return { offers: computed(() => offers.value), rules, faultOf };
}
