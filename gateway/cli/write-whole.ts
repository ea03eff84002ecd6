/** Writing a secret to a file: whole or not at all, for its owner alone, in the place of whatever lay there, a link too. */
import { randomBytes } from "node:crypto";
import { chmodSync, renameSync, rmSync, writeFileSync } from "node:fs";

export function writeWhole(file: string, text: string): void {
  const part = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(part, text, { mode: 0o600, flag: "wx" });
    chmodSync(part, 0o600);
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}
