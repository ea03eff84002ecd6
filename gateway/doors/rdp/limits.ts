/** Every bound of this door: times, rates, and how much may wait. Tests set shorter ones. */
import { DESKTOP_RETURN_SECONDS } from "../../domain/index.js";

export interface DesktopDoorLimits {
  /** guacd: until its socket opens, until `args`, until `ready`, until the first picture; and how long it may say nothing. */
  readonly connectMs: number;
  readonly argsMs: number;
  readonly readyMs: number;
  readonly pictureMs: number;
  readonly silenceMs: number;
  /** How often guacd hears from us at least; it drops a user who is silent for 15 s. */
  readonly nopMs: number;
  /** How long a browser may take nothing of what waits for it. */
  readonly browserStallMs: number;
  /** How long a browser may leave pings unanswered: long enough for `outwardBytes` on a slow line. */
  readonly browserSilenceMs: number;
  /** How long a desktop waits for its operator to come back. */
  readonly returnMs: number;
  /** How long an ended WebSocket may take to read its last line. */
  readonly lastLineMs: number;
  /** Bytes on their way to the recorder and the browser, past which guacd is not read. */
  readonly outwardBytes: number;
  /** Bytes and instructions on their way to the recorder and guacd, past which the browser is not read. */
  readonly inwardBytes: number;
  readonly inwardSteps: number;
  /** What one browser may send in a second, and at once. */
  readonly instructionsPerSecond: number;
  readonly bytesPerSecond: number;
  /** One message of a browser. */
  readonly messageBytes: number;
  /** Upgrades whose ticket is being asked for. */
  readonly upgrades: number;
  /** Hashing what a session left in its drive. */
  readonly sweepMs: number;
  /** How long an ended session may take to write down what was under way and what it left. */
  readonly writeDownMs: number;
  /** Texts that pass between the clipboards in a minute, each way. */
  readonly clipboardsPerMinute: number;
  /** Files that pass in a minute, each way. */
  readonly filesPerMinute: number;
  /** How long guacd may take to say that it has written a file. */
  readonly fileAnswerMs: number;
}

export const DEFAULT_LIMITS: DesktopDoorLimits = {
  connectMs: 5_000,
  argsMs: 5_000,
  readyMs: 15_000,
  pictureMs: 20_000,
  silenceMs: 15_000,
  nopMs: 5_000,
  browserStallMs: 15_000,
  browserSilenceMs: 30_000,
  returnMs: DESKTOP_RETURN_SECONDS * 1_000,
  lastLineMs: 300,
  outwardBytes: 1024 * 1024,
  inwardBytes: 256 * 1024,
  inwardSteps: 512,
  instructionsPerSecond: 2_000,
  bytesPerSecond: 32 * 1024 * 1024,
  messageBytes: 64 * 1024,
  upgrades: 256,
  sweepMs: 3_000,
  writeDownMs: 4_000,
  clipboardsPerMinute: 60,
  filesPerMinute: 60,
  fileAnswerMs: 2_000,
};
