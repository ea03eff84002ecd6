/** Runs one asynchronous act at a time and keeps what a page must show of it: that it runs, since when, and why it failed. */
import { ref, type Ref } from "vue";
import { Problem } from "../api/http.js";

export interface ActionState {
  readonly pending: Ref<boolean>;
  readonly problem: Ref<Problem | undefined>;
  /** Answers whether it succeeded. A second call while one runs does nothing and answers false. */
  readonly run: (act: () => Promise<unknown>) => Promise<boolean>;
}

export function useAction(): ActionState {
  const pending = ref(false);
  const problem = ref<Problem>();
  async function run(act: () => Promise<unknown>): Promise<boolean> {
    if (pending.value) return false;
    pending.value = true;
    problem.value = undefined;
    try {
      await act();
      return true;
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      problem.value = cause;
      return false;
    } finally {
      pending.value = false;
    }
  }
  return { pending, problem, run };
}
