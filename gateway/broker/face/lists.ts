/** Lists: what a page of one is asked by and answers. Expected outcomes are `Outcome` values. */

export interface Page {
  /** Opaque; from the previous listing. */
  readonly cursor?: string;
  /** 1 … 200; 50 unless told. */
  readonly limit?: number;
}
export interface Listing<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}
