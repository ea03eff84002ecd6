/** A list that comes by cursor: what is here, whether there is more, and how loading it goes. The last load asked for wins. */
import { ref, shallowRef, type Ref, type ShallowRef } from "vue";
import { Problem } from "../api/http.js";
import type { Listing } from "../api/types.js";

export interface ListingState<T> {
  readonly items: ShallowRef<readonly T[]>;
  readonly loaded: Ref<boolean>;
  readonly pending: Ref<boolean>;
  readonly problem: Ref<Problem | undefined>;
  readonly hasMore: Ref<boolean>;
  readonly load: () => Promise<void>;
  readonly more: () => Promise<void>;
  readonly clear: () => void;
}

export function useListing<T>(
  fetchPage: (cursor?: string) => Promise<{ readonly items: readonly T[]; readonly next?: Listing<T>["next"] }>,
): ListingState<T> {
  const items = shallowRef<readonly T[]>([]);
  const loaded = ref(false);
  const pending = ref(false);
  const problem = ref<Problem>();
  const hasMore = ref(false);
  let next: string | undefined;
  let turn = 0;

  async function fetchInto(cursor: string | undefined): Promise<void> {
    const mine = ++turn;
    pending.value = true;
    problem.value = undefined;
    try {
      const page = await fetchPage(cursor);
      if (mine !== turn) return;
      items.value = cursor === undefined ? page.items : [...items.value, ...page.items];
      next = page.next ?? undefined;
      hasMore.value = next !== undefined;
      loaded.value = true;
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      if (mine === turn) problem.value = cause;
    } finally {
      if (mine === turn) pending.value = false;
    }
  }

  return {
    items,
    loaded,
    pending,
    problem,
    hasMore,
    load: () => fetchInto(undefined),
    more: async () => {
      if (next !== undefined) await fetchInto(next);
    },
    clear: () => {
      turn += 1;
      items.value = [];
      loaded.value = false;
      pending.value = false;
      hasMore.value = false;
      problem.value = undefined;
    },
  };
}
