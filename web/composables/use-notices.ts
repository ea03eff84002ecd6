/** Fetches again when the gate says that something of a topic changed; many notices in one moment cost one fetch. */
import { onScopeDispose } from "vue";
import { onNotice } from "../api/live-socket.js";
import type { NoticeTopic } from "../api/types.js";

export function useNotices(topics: readonly NoticeTopic[], refetch: () => unknown): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = onNotice((topic) => {
    if (!topics.includes(topic)) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      refetch();
    }, 150);
  });
  onScopeDispose(() => {
    stop();
    clearTimeout(timer);
  });
}
