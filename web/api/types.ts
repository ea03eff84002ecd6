/** The shapes the page reads and writes: the gate's own HTTP contract, by name, and nothing of the page's making. */
import type {
  ACTIONS,
  CHANNEL_KINDS,
  LOCALES,
  MARKER_KINDS,
  NOTICE_TOPICS,
  POWERS,
  ROLES,
} from "../../gateway/http/contract/constants.js";

export type * from "../../gateway/http/contract/index.js";
export type Action = (typeof ACTIONS)[number];
export type ChannelKind = (typeof CHANNEL_KINDS)[number];
export type Locale = (typeof LOCALES)[number];
export type MarkerKind = (typeof MARKER_KINDS)[number];
export type NoticeTopic = (typeof NOTICE_TOPICS)[number];
export type Power = (typeof POWERS)[number];
export type Role = (typeof ROLES)[number];

/** A page of a list that goes on by cursor. */
export interface Listing<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}
