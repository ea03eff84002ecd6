/** Keeps a page's filter in the address, so that every list is a link that can be sent and gone back to. */
import { reactive, watch } from "vue";
import { useRoute, useRouter, type LocationQuery } from "vue-router";

/** Reads text fields out of a query: the first value of each, empty when absent. */
export function readFilter<K extends string>(query: LocationQuery, names: readonly K[]): Record<K, string> {
  const entries = names.map((name) => {
    const value = query[name];
    const first = Array.isArray(value) ? value[0] : value;
    return [name, first ?? ""] as const;
  });
  return Object.fromEntries(entries) as Record<K, string>;
}

/** Leaves out what is empty. */
export function writeFilter(filter: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ""));
}

/** `fields` are bound to inputs; `apply` puts them into the address; `onChange` runs now and whenever the address's filter changes. */
export function useQueryFilter<K extends string>(
  names: readonly K[],
  onChange: (filter: Record<K, string>) => void,
): { readonly fields: Record<K, string>; readonly apply: () => void; readonly reset: () => void } {
  const route = useRoute();
  const router = useRouter();
  const path = route.path;
  const fields = reactive(readFilter(route.query, names)) as Record<K, string>;
  watch(
    () => route.query,
    (query) => {
      if (route.path !== path) return;
      const filter = readFilter(query, names);
      Object.assign(fields, filter);
      onChange(filter);
    },
    { immediate: true },
  );
  const apply = (): void => {
    void router.push({ query: writeFilter(fields) });
  };
  const reset = (): void => {
    void router.push({ query: {} });
  };
  return { fields, apply, reset };
}
