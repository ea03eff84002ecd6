/**
 * What a password must be (NIST SP 800-63B §3.1.1.2): long, not the login, not one of those tried first. No rules about kinds of
 * characters, and no forced changes.
 */
import { done, refused, type Outcome } from "../domain/index.js";

const LEAST_CHARACTERS = 12;
const MOST_BYTES = 1024;
/** Stems that long common passwords are made of; a password that is little else is refused. */
const COMMON = [
  "password",
  "passw0rd",
  "p@ssword",
  "p@ssw0rd",
  "qwertyuiop",
  "1qaz2wsx3edc",
  "qwerty",
  "asdfghjkl",
  "zxcvbnm",
  "letmein",
  "welcome",
  "iloveyou",
  "admin",
  "administrator",
  "changeme",
  "gatehouse",
  "woaini",
  "abcdefghijklmnopqrstuvwxyz",
  "01234567890123456789",
  "98765432109876543210",
];
const LEAST_BESIDE = 6;

/** Refuses with `weak-password`. */
export function checkNewPassword(login: string, password: string): Outcome<void> {
  const weak = refused("weak-password", { field: "password" });
  const folded = password.normalize("NFKC").toLowerCase();
  if ([...password].length < LEAST_CHARACTERS || Buffer.byteLength(password, "utf8") > MOST_BYTES) return weak;
  if (folded.includes(login.toLowerCase()) && folded.length - login.length < LEAST_CHARACTERS) return weak;
  if (new Set(folded).size < 5) return weak;
  for (const stem of COMMON) if (folded.includes(stem) && folded.length - stem.length < LEAST_BESIDE) return weak;
  if (isRun(folded)) return weak;
  return done(undefined);
}

/** Most characters follow their neighbour in the alphabet or repeat it: `abcdefghijkl`, `111122223333`. */
function isRun(text: string): boolean {
  let steps = 0;
  for (let at = 1; at < text.length; at += 1) {
    if (Math.abs(text.charCodeAt(at) - text.charCodeAt(at - 1)) <= 1) steps += 1;
  }
  return steps >= (text.length - 1) * 0.7;
}
