/** The second factor, asked for in the middle of an act: one question at a time, every act that needs it waits for the same answer. */
import { defineStore } from "pinia";
import { ref } from "vue";
import * as api from "../api/factors.js";
import { answerCeremony } from "../api/passkeys.js";

export const useStepUpStore = defineStore("step-up", () => {
  const open = ref(false);
  let answer: Promise<boolean> | undefined;
  let settle: (shown: boolean) => void = () => undefined;

  /** Opens the question; answers whether a second factor was shown. */
  function ask(): Promise<boolean> {
    answer ??= new Promise<boolean>((resolve) => {
      open.value = true;
      settle = (shown) => {
        open.value = false;
        answer = undefined;
        resolve(shown);
      };
    });
    return answer;
  }
  const giveUp = (): void => {
    settle(false);
  };
  async function byCode(code: string): Promise<void> {
    await api.stepUp({ kind: "code", code });
    settle(true);
  }
  async function byPasskey(): Promise<void> {
    await api.stepUp({ kind: "passkey", ...(await answerCeremony(await api.stepUpOptions())) });
    settle(true);
  }
  return { open, ask, giveUp, byCode, byPasskey };
});
