/** Encode, decode and verify the container of FORMAT.md. Pure: no Node, no DOM, no keys. */
export * from "./types.js";
export { decodePrelude, encodePrelude } from "./prelude.js";
export { decodeHead, encodeHead, makeNonce } from "./head.js";
export { EVENT_HEAD_MOST, decodeEvents, encodeEvent, putEvent } from "./events.js";
export { decodeJson, encodeJson } from "./json.js";
export { closingMessage, decodeClosingBody, encodeClosingBody, splitClosing } from "./closing.js";
export { decodeJournal, journalEntry } from "./journal.js";
export type { JournalEntry } from "./journal.js";
export { ContainerScanner } from "./scanner.js";
export type { ScannedRecord } from "./scanner.js";
export { verifyContainer } from "./verify.js";
export { AsciicastWriter, asciicastHeader } from "./asciicast.js";
export {
  GUACAMOLE_LIMITS,
  GuacamoleError,
  InstructionParser,
  encodeInstruction,
  encodeInstructionBytes,
} from "./guacamole.js";
export type { GuacamoleFault, Instruction } from "./guacamole.js";
export { encodeUtf8 } from "./utf8.js";
export { concat, equal, fromBase64, toBase64, toHex } from "./bytes.js";
