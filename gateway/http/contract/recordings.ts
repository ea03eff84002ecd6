/** Replay, verification, exports, opening of kept input, and search. */
import { z } from "zod";
import { CHANNEL_KINDS, MARKER_KINDS, REPLAY_CODES, SEARCH_KINDS } from "./constants.js";
import { line, lines, listing, optional, outId, outTime, pageQuery, queryNumber, queryUs } from "./fields.js";
import { namedPerson, namedSession } from "./names.js";
import { sessionFilter, sessionView } from "./sessions.js";

export const replayIndex = z.object({
  session: sessionView,
  durationUs: z.number(),
  complete: z.boolean(),
  channels: z
    .array(
      z.object({
        channel: z.number(),
        kind: z.enum(CHANNEL_KINDS),
        detail: z.string(),
        pty: z.boolean(),
        fromUs: z.number(),
        toUs: z.number(),
        cols: z.number(),
        rows: z.number(),
      }),
    )
    .readonly(),
  markers: z
    .array(
      z.object({
        atUs: z.number(),
        channel: z.number(),
        kind: z.enum(MARKER_KINDS),
        text: z.string(),
        /** What `text` is made of, where the page has words of its own for it. */
        parts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
      }),
    )
    .readonly(),
  activity: z.array(z.number()).readonly(),
  /** Times of a desktop's small pictures. */
  thumbnails: z.array(z.object({ channel: z.number(), atUs: z.number() })).readonly(),
  keyframes: z.array(z.object({ channel: z.number(), atUs: z.number() })).readonly(),
});
export type ReplayIndex = z.infer<typeof replayIndex>;

const replayEvent = z.tuple([z.number(), z.enum(REPLAY_CODES), z.string()]).readonly();
export const replaySegment = z.object({
  channel: z.number(),
  fromUs: z.number(),
  toUs: z.number(),
  screen: z.object({ cols: z.number(), rows: z.number(), state: z.string() }),
  events: z.array(replayEvent).readonly(),
});
export type ReplaySegment = z.infer<typeof replaySegment>;

const channelNumber = queryNumber(4_294_967_295);
const HOUR_US = 3_600_000_000;
export const segmentQuery = z.strictObject({
  channel: channelNumber,
  fromUs: queryUs,
  maxUs: queryNumber(HOUR_US, 1),
});
export type SegmentQuery = z.input<typeof segmentQuery>;
export const channelQuery = z.strictObject({ channel: channelNumber });
export type ChannelQuery = z.input<typeof channelQuery>;
export const thumbnailQuery = z.strictObject({ channel: channelNumber, atUs: queryUs });
export type ThumbnailQuery = z.input<typeof thumbnailQuery>;

export const verification = z.object({ verdict: z.string(), detail: z.string() });
export type Verification = z.infer<typeof verification>;

export const inputOpeningBody = z.strictObject({ reason: lines(2000) });
export type InputOpeningBody = z.infer<typeof inputOpeningBody>;
export const inputOpening = z.object({
  id: outId,
  recordingId: outId,
  requestedBy: outId,
  reason: z.string(),
  requestedAt: outTime,
  approvedBy: outId.nullable(),
  approvedAt: outTime.nullable(),
  expiresAt: outTime,
  usedAt: outTime.nullable(),
});
export const inputOpeningView = inputOpening.extend({
  session: namedSession.nullable(),
  requester: namedPerson.nullable(),
  approver: namedPerson.nullable(),
});
export type InputOpeningView = z.infer<typeof inputOpeningView>;
export const inputOpeningsQuery = z.strictObject(pageQuery);
export const inputOpeningListing = listing(inputOpeningView);
export type InputOpeningListing = z.infer<typeof inputOpeningListing>;
export const inputListing = listing(z.object({ channel: z.number(), atUs: z.number(), text: z.string() }));
export type InputListing = z.infer<typeof inputListing>;

export const searchQuery = z.strictObject({
  q: line(500),
  kind: optional(z.enum(SEARCH_KINDS)),
  ...sessionFilter,
  limit: pageQuery.limit,
});
export type SearchQuery = z.input<typeof searchQuery>;
export const searchHit = z.object({
  entry: z.object({
    id: z.string(),
    recordingId: z.string(),
    kind: z.enum(SEARCH_KINDS),
    atUs: z.number(),
    at: outTime,
  }),
  text: z.string(),
  session: sessionView,
});
export type SearchHit = z.infer<typeof searchHit>;
export const searchListing = listing(searchHit);
export type SearchListing = z.infer<typeof searchListing>;
