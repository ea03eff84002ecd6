/** An old target, as network equipment and systems out of support are: opened only under the asset's flag for it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDoor } from "../../../test/support/ssh-door.js";
import { startSshd, type TestSshd } from "../../../test/support/sshd.js";
import { createProbe } from "./probe.js";

const OLD: readonly (readonly [string, readonly string[]])[] = [
  [
    "group14-sha1, ssh-rsa, aes128-cbc, hmac-sha1",
    [
      "KexAlgorithms diffie-hellman-group14-sha1",
      "HostKeyAlgorithms ssh-rsa",
      "Ciphers aes128-cbc",
      "MACs hmac-sha1",
      "PubkeyAcceptedAlgorithms ssh-ed25519",
    ],
  ],
  ["group1-sha1, 3des-cbc", ["KexAlgorithms diffie-hellman-group1-sha1", "Ciphers 3des-cbc", "MACs hmac-sha1"]],
];

describe.each(OLD)("a target that knows only %s", (_name, config) => {
  let sshd: TestSshd;
  beforeAll(async () => {
    sshd = await startSshd({ config, hostKeyType: "rsa" });
  }, 30_000);
  afterAll(() => sshd.stop());

  it("is refused in one plain line without the flag", async () => {
    const gate = await startDoor(sshd);
    const result = await gate.client.ssh("alice@demo@web-01", ["echo through"]);
    expect(result.code).toBe(255);
    expect(result.stdout.toString()).toBe("");
    expect(result.stderr).toMatch(/gatehouse: .*(?:old|weak|legacy).*algorithms/);
    await gate.stop();
  });

  it("is worked on with it, its pinned key held to", async () => {
    const gate = await startDoor(sshd);
    gate.broker.target = { ...(gate.broker.target as NonNullable<typeof gate.broker.target>), legacyAlgorithms: true };
    const result = await gate.client.ssh("alice@demo@web-01", ["head -c 3000000 /dev/zero | tr '\\0' x; exit 7"]);
    expect([result.code, result.stdout.length]).toEqual([7, 3_000_000]);
    await gate.stop();
  });

  it("shows its key and takes a credential's test only with it", async () => {
    const probe = createProbe({ timeoutMs: 5_000 });
    const { address, port, hostKey } = sshd;
    await expect(probe.scanHostKey({ address, port, legacy: false })).rejects.toMatchObject({
      code: "target-too-old",
    });
    const shown = await probe.scanHostKey({ address, port, legacy: true });
    expect(hostKey.startsWith(shown)).toBe(true);
    const credential = { kind: "key" as const, privateKey: sshd.privateKey };
    const test = (legacy: boolean): Promise<string> =>
      probe.testCredential({ address, port, username: sshd.login, hostKey, legacy, credential });
    expect([await test(false), await test(true)]).toEqual(["too-old", "ok"]);
  });
});
