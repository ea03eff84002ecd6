/** Finding among more rows than one answer holds: a text that is looked for a moment after the last key, and what it finds. */
import { computed, onBeforeUnmount, onMounted, ref, watch, type ComputedRef, type Ref } from "vue";
import { useListing, type ListingState } from "./use-listing.js";

/** So long after the last key the text is looked for. */
const PAUSE_MS = 250;

export interface Finding<T> {
  readonly q: Ref<string>;
  readonly found: ListingState<T>;
  /** Whether there is more to find than is shown without a text. */
  readonly isLong: ComputedRef<boolean>;
}

/** Looks for no text at first, when the component is mounted. */
export function useFinding<T>(
  find: (q: string) => Promise<{ readonly items: readonly T[]; readonly next: string | null }>,
): Finding<T> {
  const q = ref("");
  const found = useListing<T>(() => find(q.value.trim()));
  let waiting: ReturnType<typeof setTimeout> | undefined;
  watch(q, () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => void found.load(), PAUSE_MS);
  });
  onMounted(() => found.load());
  onBeforeUnmount(() => {
    clearTimeout(waiting);
  });
  return { q, found, isLong: computed(() => found.hasMore.value || q.value !== "") };
}
