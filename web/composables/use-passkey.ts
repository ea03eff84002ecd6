/** One act with a passkey at a time: what a page must show of it, the authenticator's silence among it. */
import { ref, type Ref } from "vue";
import { PasskeyPutAway } from "../api/passkeys.js";
import { useAction, type ActionState } from "./use-action.js";

export interface PasskeyAction extends ActionState {
  /** The authenticator gave nothing: put away, timed out, not known there. */
  readonly putAway: Ref<boolean>;
}

export function usePasskey(): PasskeyAction {
  const action = useAction();
  const putAway = ref(false);
  return {
    ...action,
    putAway,
    async run(act) {
      putAway.value = false;
      return action.run(async () => {
        try {
          await act();
        } catch (cause) {
          if (!(cause instanceof PasskeyPutAway)) throw cause;
          putAway.value = true;
        }
      });
    },
  };
}
