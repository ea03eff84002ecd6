import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { readPublicKey } from "./public-key.js";

const folder = mkdtempSync(join(tmpdir(), "gatehouse-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const keys = new Map<string, { readonly line: string; readonly fingerprint: string }>();

/** A public key as ssh-keygen makes it, and the fingerprint it prints. */
function made(type: string, bits: number): { readonly line: string; readonly fingerprint: string } {
  const known = keys.get(`${type}-${String(bits)}`);
  if (known !== undefined) return known;
  const file = join(folder, `${type}-${String(bits)}`);
  execFileSync("ssh-keygen", ["-q", "-t", type, "-b", String(bits), "-N", "", "-f", file, "-C", "a comment"]);
  const printed = execFileSync("ssh-keygen", ["-l", "-f", `${file}.pub`], { encoding: "utf8" });
  const key = { line: readFileSync(`${file}.pub`, "utf8"), fingerprint: printed.split(" ")[1] ?? "" };
  keys.set(`${type}-${String(bits)}`, key);
  return key;
}

describe("a public key", () => {
  test.each([
    ["ed25519", 256],
    ["ecdsa", 256],
    ["ecdsa", 384],
    ["ecdsa", 521],
    ["rsa", 3072],
  ])("of kind %s %i is read, with the fingerprint ssh-keygen prints", (type, bits) => {
    const { line, fingerprint } = made(type, bits);
    const key = readPublicKey(line);
    expect(key?.fingerprint).toBe(fingerprint);
    expect(line.startsWith(key?.line ?? "-")).toBe(true);
  });

  test("of RSA with fewer than 3,072 bits is refused", () => {
    expect(readPublicKey(made("rsa", 2048).line)).toBeUndefined();
  });

  test("with options, of another type, two in one, or cut anywhere is refused", () => {
    const { line } = made("ed25519", 256);
    const [type = "", base64 = ""] = line.split(" ");
    const blob = Buffer.from(base64, "base64");
    const bad = [
      "",
      type,
      base64,
      `command="sh" ${line}`,
      `ssh-dss ${base64}`,
      `ssh-rsa ${base64}`,
      `sk-ssh-ed25519@openssh.com ${base64}`,
      `ssh-ed25519-cert-v01@openssh.com ${base64}`,
      `${line.trim()}\n${line}`,
      `${type} ${base64}AAAA`,
      `${type} ${base64.replace(/.$/, "!")}`,
      ...Array.from({ length: blob.length }, (_, end) => `${type} ${blob.subarray(0, end).toString("base64")}`),
    ];
    expect(bad.length).toBeGreaterThan(60);
    for (const text of bad) expect(readPublicKey(text), text).toBeUndefined();
  });

  test("of any bytes never throws", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"),
        fc.uint8Array({ maxLength: 200 }),
        (type, bytes) => {
          const named = Buffer.concat([Buffer.from([0, 0, 0, type.length]), Buffer.from(type), bytes]);
          readPublicKey(`${type} ${named.toString("base64")}`);
          readPublicKey(`${type} ${Buffer.from(bytes).toString("base64")}`);
        },
      ),
    );
  });
});
