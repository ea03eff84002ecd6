/** What must end together with a web session: its upgraded sockets and running downloads, by cookie. In memory, this node's own. */
export interface Tethers {
  /** Answers how to untie; `end` is called at most once. */
  tie(cookie: string, end: () => void): () => void;
  /** Ends everything tied to the cookie. */
  cut(cookie: string): void;
  cutAll(): void;
}

export function createTethers(): Tethers {
  const tied = new Map<string, Set<() => void>>();
  const cut = (cookie: string): void => {
    const ends = tied.get(cookie);
    tied.delete(cookie);
    for (const end of ends ?? []) end();
  };
  return {
    tie(cookie, end) {
      const ends = tied.get(cookie) ?? new Set();
      tied.set(cookie, ends.add(end));
      return () => {
        ends.delete(end);
        if (ends.size === 0 && tied.get(cookie) === ends) tied.delete(cookie);
      };
    },
    cut,
    cutAll() {
      for (const cookie of [...tied.keys()]) cut(cookie);
    },
  };
}
