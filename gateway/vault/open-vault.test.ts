import { execFileSync } from "node:child_process";
import { createPublicKey, verify } from "node:crypto";
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSync } from "otplib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openVault, type Vault } from "./index.js";

let folder: string;
let keyFile: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-vault-"));
  keyFile = join(folder, "master.key");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const make = (): Promise<Vault> => openVault({ keyFile, dataFolder: folder, create: true });
const reopen = (): Promise<Vault> => openVault({ keyFile, dataFolder: folder, create: false });

describe("key files", () => {
  test("are made once, for their owner alone, and opened again", async () => {
    const first = await make();
    const second = await reopen();
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    for (const name of readdirSync(join(folder, "keys"))) {
      expect(statSync(join(folder, "keys", name)).mode & 0o777).toBe(0o600);
    }
    expect(Buffer.from(second.evidence.publicKey)).toEqual(Buffer.from(first.evidence.publicKey));
    expect((await second.sshHostKey()).fingerprint).toBe((await first.sshHostKey()).fingerprint);
  });

  test("a missing master key is not replaced once sealed keys exist", async () => {
    await make();
    rmSync(keyFile);
    await expect(make()).rejects.toThrow(/missing; restore/);
    await expect(reopen()).rejects.toThrow(/missing; restore/);
  });

  test("a missing evidence key refuses the start of an installation that is not new", async () => {
    await make();
    rmSync(join(folder, "keys", "evidence.key"));
    await expect(reopen()).rejects.toThrow(/evidence.key is missing/);
  });

  test("a file that others can read is refused", async () => {
    await make();
    for (const mode of [0o640, 0o604, 0o660]) {
      chmodSync(keyFile, mode);
      await expect(reopen()).rejects.toThrow(/mode to 0600/);
    }
  });

  test("a symbolic link is refused", async () => {
    await make();
    const link = join(folder, "link.key");
    symlinkSync(keyFile, link);
    await expect(openVault({ keyFile: link, dataFolder: folder, create: false })).rejects.toThrow(/symbolic link/);
  });

  test("a folder, an empty file and an unknown version are refused without a word of what they hold", async () => {
    await make();
    await expect(openVault({ keyFile: folder, dataFolder: folder, create: false })).rejects.toThrow(/regular file/);
    for (const text of ["", "gatehouse-master-key-v2 AAAA", "hunter2"]) {
      writeFileSync(keyFile, text, { mode: 0o600 });
      const failure = await reopen().catch((error: unknown) => error as Error);
      expect((failure as Error).message).toMatch(/not a master key of a version known/);
      expect((failure as Error).message).not.toContain("hunter2");
    }
  });

  test("another master key does not open what this one sealed, and says so", async () => {
    const sealed = (await make()).seal("totp", "person:1", "secret");
    const other = mkdtempSync(join(tmpdir(), "gatehouse-vault-"));
    const stranger = await openVault({ keyFile: join(other, "master.key"), dataFolder: other, create: true });
    await expect(stranger.lend("totp", "person:1", sealed, (text) => text)).rejects.toThrow(/another master key/);
    rmSync(other, { recursive: true });
  });
});

describe("sealing", () => {
  test("lends back exactly what was sealed, never the same text twice", async () => {
    const vault = await make();
    const plain = "pässwörd 密码 \u0000";
    const [a, b] = [vault.seal("credential", "account:1:p", plain), vault.seal("credential", "account:1:p", plain)];
    expect(a).not.toBe(b);
    expect(a).toMatch(/^v1\.[0-9a-f]{16}\./);
    expect(await vault.lend("credential", "account:1:p", a, (text) => text)).toBe(plain);
  });

  test("opens neither for another owner nor for another purpose", async () => {
    const vault = await make();
    const sealed = vault.seal("credential", "account:1:pin-a", "secret");
    await expect(vault.lend("credential", "account:1:pin-b", sealed, (text) => text)).rejects.toThrow(/does not open/);
    await expect(vault.lend("totp", "account:1:pin-a", sealed, (text) => text)).rejects.toThrow(/does not open/);
  });

  test("every flipped bit of the body is noticed", async () => {
    const vault = await make();
    const [head, id, body] = vault.seal("totp", "person:1", "x").split(".") as [string, string, string];
    const bytes = Buffer.from(body, "base64");
    expect(bytes.length).toBeGreaterThan(28);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const bent = Buffer.from(bytes);
      bent[bit >> 3] = (bent[bit >> 3] as number) ^ (1 << (bit & 7));
      const sealed = [head, id, bent.toString("base64")].join(".");
      await expect(vault.lend("totp", "person:1", sealed, (text) => text)).rejects.toThrow(/does not open/);
    }
  });

  test("text that was never sealed is refused", async () => {
    const vault = await make();
    for (const text of ["", "v1", "v2.0123456789abcdef.AAAA", "v1.0123456789abcdef.AA$A", "v1.xyz.AAAA"]) {
      await expect(vault.lend("totp", "person:1", text, (plain) => plain)).rejects.toThrow(/version known here/);
    }
  });
});

describe("recordings", () => {
  const nonce = (n: number): Buffer => Buffer.from([...Array(11).fill(0), n]);
  const aad = Buffer.from("recording-1");

  test("the main stream opens again by its wrapped key, input only by two persons", async () => {
    const vault = await make();
    const { wrapped, sealer } = vault.newRecordingKeys("recording-1");
    const output = sealer.seal(0, nonce(1), aad, Buffer.from("output"));
    const input = sealer.seal(1, nonce(2), aad, Buffer.from("input"));
    const again = await reopen();
    const main = again.mainOpener("recording-1", wrapped.main);
    expect(Buffer.from(main.open(nonce(1), aad, output)).toString()).toBe("output");
    expect(() => main.open(nonce(2), aad, input)).toThrow(/does not open/);
    expect(Buffer.from(sealer.open(nonce(1), aad, output)).toString()).toBe("output");
    expect(() => sealer.open(nonce(2), aad, input)).toThrow(/does not open/);
    const two = { recordingId: "recording-1", requestedBy: "a", approvedBy: "b" };
    expect(Buffer.from(again.inputOpener(two, wrapped.input).open(nonce(2), aad, input)).toString()).toBe("input");
  });

  test("input does not open for one person twice, for nobody, or for another recording", async () => {
    const vault = await make();
    const { wrapped } = vault.newRecordingKeys("recording-1");
    const proof = { recordingId: "recording-1", requestedBy: "a", approvedBy: "b" };
    expect(() => vault.inputOpener({ ...proof, approvedBy: "a" }, wrapped.input)).toThrow(/two different persons/);
    expect(() => vault.inputOpener({ ...proof, approvedBy: "" }, wrapped.input)).toThrow(/two named persons/);
    expect(() => vault.inputOpener({ ...proof, recordingId: "recording-2" }, wrapped.input)).toThrow(/does not open/);
    expect(() => vault.inputOpener(proof, wrapped.main)).toThrow(/does not open/);
    expect(() => vault.mainOpener("recording-1", wrapped.input)).toThrow(/does not open/);
  });

  test("a cut, bent or moved body does not open", async () => {
    const { sealer } = (await make()).newRecordingKeys("recording-1");
    const body = sealer.seal(0, nonce(1), aad, Buffer.from("output"));
    expect(() => sealer.open(nonce(1), aad, body.subarray(1))).toThrow(/does not open/);
    expect(() => sealer.open(nonce(1), aad, body.subarray(0, 3))).toThrow(/cut short/);
    expect(() => sealer.open(nonce(2), aad, body)).toThrow(/does not open/);
    expect(() => sealer.open(nonce(1), Buffer.from("recording-2"), body)).toThrow(/does not open/);
  });

  test("derived data goes with its recording's main key", async () => {
    const vault = await make();
    const [one, two] = [vault.newRecordingKeys("r-1"), vault.newRecordingKeys("r-2")];
    const sealed = vault.derivedSealer("r-1", one.wrapped.main).seal(Buffer.from("keyframe"));
    expect(Buffer.from(vault.derivedSealer("r-1", one.wrapped.main).open(sealed)).toString()).toBe("keyframe");
    expect(() => vault.derivedSealer("r-2", two.wrapped.main).open(sealed)).toThrow(/does not open/);
  });
});

test("blind tokens are equal for equal words in any case and width, and differ under another key", async () => {
  const vault = await make();
  const [a, b, c] = vault.blind(["Reboot", "ｒｅｂｏｏｔ", "rebooted"]);
  expect(a).toMatch(/^[0-9a-f]{16}$/);
  expect(b).toBe(a);
  expect(c).not.toBe(a);
  expect((await reopen()).blind(["reboot"])).toEqual([a]);
});

test("evidence signatures verify with the raw public key alone", async () => {
  const { evidence } = await make();
  const message = Buffer.from("head");
  const x = Buffer.from(evidence.publicKey).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  expect(evidence.publicKey).toHaveLength(32);
  expect(verify(null, message, key, evidence.sign(message))).toBe(true);
  expect(verify(null, Buffer.from("other"), key, evidence.sign(message))).toBe(false);
});

test("the SSH host key is read by ssh-keygen, with the same public key and fingerprint", async () => {
  const { privateKey, publicKey, fingerprint } = await (await make()).sshHostKey();
  const file = join(folder, "host_key");
  writeFileSync(file, privateKey, { mode: 0o600 });
  expect(execFileSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" }).trim()).toContain(publicKey);
  expect(execFileSync("ssh-keygen", ["-l", "-f", file], { encoding: "utf8" })).toContain(fingerprint);
});

describe("passwords", () => {
  test("verify only themselves, in any Unicode normal form, and carry their parameters", async () => {
    const vault = await make();
    const hash = await vault.hashPassword("caf\u00e9 au lait");
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,p=1,t=2\$/);
    expect(await vault.verifyPassword(hash, "cafe\u0301 au lait")).toEqual({ ok: true, needsRehash: false });
    expect(await vault.verifyPassword(hash, "cafe au lait")).toEqual({ ok: false, needsRehash: false });
  });

  test("a hash of weaker parameters still verifies and asks to be made again", async () => {
    const weak = "$argon2id$v=19$m=4096,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$5QSnuwwgMxOB6fXoP5HVQuLmLDLyTzlN3s84iUDplKs";
    const vault = await make();
    expect((await vault.verifyPassword(weak, "wrong")).needsRehash).toBe(false);
    const { hash } = await import("argon2");
    const real = await hash("correct horse", { memoryCost: 4096, timeCost: 1, parallelism: 1 });
    expect(await vault.verifyPassword(real, "correct horse")).toEqual({ ok: true, needsRehash: true });
  });

  test("nobody's hash, an unreadable one and an endless password match nothing", async () => {
    const vault = await make();
    const hash = await vault.hashPassword("x".repeat(1024));
    expect((await vault.verifyPassword(hash, "x".repeat(1024))).ok).toBe(true);
    expect((await vault.verifyPassword(hash, "x".repeat(1025))).ok).toBe(false);
    expect((await vault.verifyPassword(null, "")).ok).toBe(false);
    expect((await vault.verifyPassword("plain", "plain")).ok).toBe(false);
    await expect(vault.hashPassword("密".repeat(400))).rejects.toMatchObject({ code: "invalid-input" });
  });

  test("an unknown person costs a verification like a known one", async () => {
    const vault = await make();
    const hash = await vault.hashPassword("correct horse battery");
    const time = async (stored: string | null): Promise<number> => {
      const began = process.cpuUsage().user;
      for (let i = 0; i < 5; i += 1) await vault.verifyPassword(stored, "wrong");
      return process.cpuUsage().user - began;
    };
    await time(hash);
    const ratio = (await time(null)) / (await time(hash));
    expect(ratio).toBeGreaterThan(0.3);
    expect(ratio).toBeLessThan(3);
  });
});

describe("one-time codes", () => {
  const now = 1_790_000_010_000;
  const step = Math.floor(now / 30_000);
  const codeAt = (secret: string, ms: number): string => generateSync({ secret, epoch: Math.floor(ms / 1000) });

  test("are good one step early and late, and answer the step they belong to", async () => {
    const vault = await make();
    const { secret, sealed, otpauth } = vault.newTotp("person:1", "alice");
    expect(otpauth).toContain("otpauth://totp/Gatehouse:alice?");
    expect(vault.showTotp("person:1", "alice", sealed)).toEqual({ secret, otpauth });
    for (const skew of [-1, 0, 1]) {
      const code = codeAt(secret, now + skew * 30_000);
      expect(await vault.checkTotp({ bound: "person:1", sealed, code, afterStep: 0, nowMs: now })).toBe(step + skew);
    }
    for (const skew of [-2, 2]) {
      const code = codeAt(secret, now + skew * 30_000);
      expect(await vault.checkTotp({ bound: "person:1", sealed, code, afterStep: 0, nowMs: now })).toBeUndefined();
    }
  });

  test("are good only later than the last step that was used, whatever it is", async () => {
    const vault = await make();
    const { secret, sealed } = vault.newTotp("person:1", "alice");
    const check = (afterStep: number): Promise<number | undefined> =>
      vault.checkTotp({ bound: "person:1", sealed, code: codeAt(secret, now), afterStep, nowMs: now });
    expect(await check(step - 1)).toBe(step);
    expect(await check(step)).toBeUndefined();
    expect(await check(step + 5)).toBeUndefined();
  });

  test("of any wrong form are wrong, and nobody has a right one", async () => {
    const vault = await make();
    const { sealed } = vault.newTotp("person:1", "alice");
    for (const code of ["", "12345", "1234567", "12345a", "１２３４５６", "\0\0\0\0\0\0", "9".repeat(10_000_000)]) {
      expect(await vault.checkTotp({ bound: "person:1", sealed, code, afterStep: 0, nowMs: now })).toBeUndefined();
    }
    expect(
      await vault.checkTotp({ bound: "x", sealed: null, code: "123456", afterStep: 0, nowMs: now }),
    ).toBeUndefined();
    await expect(
      vault.checkTotp({ bound: "person:2", sealed, code: "123456", afterStep: 0, nowMs: now }),
    ).rejects.toThrow(/does not open/);
  });
});

test("no key, password or secret stands in any file in the clear", async () => {
  const vault = await make();
  const { seed } = { seed: (await vault.sshHostKey()).privateKey.split("\n")[3] as string };
  const texts = readdirSync(join(folder, "keys")).map((name) => readFileSync(join(folder, "keys", name), "utf8"));
  expect(texts).toHaveLength(2);
  for (const text of texts) {
    expect(text).toMatch(/^v1\./);
    expect(text).not.toContain(seed);
    expect(text).not.toContain("PRIVATE KEY");
  }
});
