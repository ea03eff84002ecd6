/** A terminal that waits for a browser's passkey, `gatehouse login`, and the keys that it makes for the working day. */
import { z } from "zod";
import { ceremony, ceremonyAnswer } from "./factors.js";
import { line, outId, outTime } from "./fields.js";

/** What stands in the link: eight of Crockford's letters and digits, as typed by people. */
export const terminalCodeParams = z.strictObject({ code: z.string().regex(/^[0-9A-Za-z]{4}-?[0-9A-Za-z]{4}$/) });

/**
 * What the approving browser shows. `subject` was typed at the terminal, so it is text and nothing else: `account@asset`, empty for
 * the menu, or the device's name.
 */
export const terminalQuestion = z.object({
  id: outId,
  purpose: z.enum(["ssh", "device-key"]),
  subject: z.string(),
  sourceAddress: z.string(),
  sameAddress: z.boolean(),
  keyFingerprint: z.string().nullable(),
  expiresAt: outTime,
  ceremony,
});
export type TerminalQuestionView = z.infer<typeof terminalQuestion>;

/** `number`: the two digits that the terminal shows. */
export const terminalApprovalBody = z.strictObject({
  number: z.string().regex(/^[0-9]{2}$/),
  ...ceremonyAnswer,
});
export type TerminalApprovalBody = z.infer<typeof terminalApprovalBody>;

/** `login` is taken as typed: an odd one gets a link like any other, which nobody can approve. */
export const deviceLoginBody = z.strictObject({
  login: z.string().max(64),
  name: line(64),
  publicKey: line(1024),
});
export type DeviceLoginBody = z.infer<typeof deviceLoginBody>;

/** `token`: what the waiting client asks with, and ends its key with afterwards. */
export const deviceLoginStart = z.object({
  code: z.string(),
  url: z.string(),
  number: z.string(),
  expiresAt: outTime,
  token: z.string(),
});
export type DeviceLoginStart = z.infer<typeof deviceLoginStart>;
export const deviceLoginParams = z.strictObject({ token: z.string().regex(/^[A-Za-z0-9_-]{43}$/) });

export const deviceKey = z.object({
  id: outId,
  name: z.string(),
  publicKey: z.string(),
  fingerprint: z.string(),
  sourceAddress: z.string(),
  createdAt: outTime,
  expiresAt: outTime,
  lastUsedAt: outTime.nullable(),
  retiredAt: outTime.nullable(),
});
export type DeviceKeyView = z.infer<typeof deviceKey>;
/** Newest first. */
export const deviceKeys = z.object({ items: z.array(deviceKey).readonly() });

/** `ssh`: where the key is shown. */
export const deviceLoginState = z.discriminatedUnion("state", [
  z.object({ state: z.literal("pending") }),
  z.object({
    state: z.literal("done"),
    key: deviceKey,
    login: z.string(),
    ssh: z.object({ host: z.string(), port: z.number() }),
  }),
]);
export type DeviceLoginState = z.infer<typeof deviceLoginState>;
