import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync, existsSync, chownSync, statSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startDoor, until, type TestDoor } from "../../../test/support/ssh-door.js";
import { startSshd, type TestSshd } from "../../../test/support/sshd.js";

let sshd: TestSshd;
let gate: TestDoor;
const LOGIN = "alice+demo+web-01";
const CONTENT = randomBytes(3_000_000);
const SHA = createHash("sha256").update(CONTENT).digest("hex");

beforeAll(async () => {
  sshd = await startSshd();
  writeFileSync(join(sshd.home, "remote.bin"), CONTENT, { mode: 0o644 });
}, 30_000);
afterAll(() => sshd.stop());
beforeEach(async () => {
  gate = await startDoor(sshd);
  writeFileSync(join(gate.client.folder, "local.bin"), CONTENT);
});
afterEach(() => gate.stop());

const local = (name: string): string => join(gate.client.folder, name);
const remote = (name: string): string => join(sshd.home, name);
const scp = (legacy: boolean, from: string, to: string) =>
  gate.client.run(
    "scp",
    [...(legacy ? ["-O"] : []), ...gate.client.options, "-P", String(gate.port), from, to],
    "",
    8_000,
  );
const at = (path: string): string => `${LOGIN}@127.0.0.1:${path}`;

describe.each([
  ["scp over sftp", false],
  ["legacy scp", true],
])("%s", (_name, legacy) => {
  it("carries a file each way and logs name, size, direction and digest", async () => {
    const up = remote(`up-${String(legacy)}.bin`);
    expect(await scp(legacy, local("local.bin"), at(up))).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(up).equals(CONTENT)).toBe(true);
    expect(await scp(legacy, at(remote("remote.bin")), local("down.bin"))).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(local("down.bin")).equals(CONTENT)).toBe(true);
    await until(() => gate.broker.transfers.length === 2);
    expect(gate.broker.transfers).toEqual([
      {
        direction: "upload",
        path: legacy ? `${up} (sent as local.bin)` : up,
        size: CONTENT.length,
        sha256: SHA,
        sequential: true,
      },
      { direction: "download", path: remote("remote.bin"), size: CONTENT.length, sha256: SHA, sequential: true },
    ]);
    expect(gate.broker.channels.map((one) => one.ask.kind)).toEqual(legacy ? ["scp", "scp"] : ["sftp", "sftp"]);
  });

  it("may not write with the right to read alone, nor read with the right to write alone", async () => {
    gate.broker.actions = ["sftp.read"];
    const target = remote(`refused-${String(legacy)}.bin`);
    expect((await scp(legacy, local("local.bin"), at(target))).code).not.toBe(0);
    expect(existsSync(target)).toBe(false);
    gate.broker.actions = ["sftp.write"];
    expect((await scp(legacy, at(remote("remote.bin")), local("refused.bin"))).code).not.toBe(0);
    expect(existsSync(local("refused.bin")) && statSync(local("refused.bin")).size > 0).toBe(false);
    expect(gate.broker.refusals.length + gate.broker.inChannel.length).toBeGreaterThanOrEqual(2);
  });
});

describe("sftp", () => {
  const sftp = (batch: string) =>
    gate.client.run("sftp", [...gate.client.options, "-P", String(gate.port), `${LOGIN}@127.0.0.1`], batch);

  it("lists, makes, renames and removes", async () => {
    const folder = remote("made");
    const result = await sftp(
      `mkdir ${folder}\nput ${local("local.bin")} ${folder}/a\nrename ${folder}/a ${folder}/b\nls -l ${folder}\nrm ${folder}/b\nrmdir ${folder}\n`,
    );
    expect(result).toMatchObject({ code: 0 });
    expect(result.stdout.toString()).toContain("3000000");
  });

  it("is vetoed request by request, and goes on afterwards", async () => {
    gate.broker.actions = ["sftp.read"];
    const result = await sftp(
      `put ${local("local.bin")} ${remote("no.bin")}\nrm ${remote("remote.bin")}\nget ${remote("remote.bin")} ${local("yes.bin")}\n`,
    );
    expect(result.code).toBe(0);
    expect(result.stderr.toLowerCase()).toContain("permission denied");
    expect(readFileSync(local("yes.bin")).equals(CONTENT)).toBe(true);
    expect(existsSync(remote("no.bin"))).toBe(false);
    expect(existsSync(remote("remote.bin"))).toBe(true);
    expect(gate.broker.inChannel.length).toBeGreaterThanOrEqual(2);
  });

  it("run by exec meets the same judge", async () => {
    gate.broker.actions = ["sftp.read", "ssh.exec"];
    const result = await gate.client.run(
      "sftp",
      [...gate.client.options, "-P", String(gate.port), "-s", "/usr/lib/openssh/sftp-server", `${LOGIN}@127.0.0.1`],
      `put ${local("local.bin")} ${remote("no.bin")}\nget ${remote("remote.bin")} ${local("yes.bin")}\n`,
    );
    expect(result.code).toBe(0);
    expect(existsSync(remote("no.bin"))).toBe(false);
    expect(readFileSync(local("yes.bin")).equals(CONTENT)).toBe(true);
  });

  it("needs a transfer right at all", async () => {
    gate.broker.actions = ["ssh.shell", "ssh.exec"];
    const result = await sftp("pwd\n");
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain("gatehouse: refused: your grant does not hold sftp.read");
  });

  it("is the only subsystem", async () => {
    const result = await gate.client.ssh(LOGIN, ["netconf"], { more: ["-s"] });
    expect(result.code).toBe(255);
    expect(result.stderr).toContain("gatehouse: only the sftp subsystem is known here");
    expect(gate.broker.refusals).toEqual([{ kind: "subsystem", detail: "netconf", because: "unknown-subsystem" }]);
  });
});

describe("programs that ride on exec", () => {
  const rsh = (): string => ["ssh", ...gate.client.options, "-p", String(gate.port)].join(" ");

  it("rsync copies each way under the transfer rights", async () => {
    const tree = local("tree");
    mkdirSync(join(tree, "deep"), { recursive: true });
    for (let file = 0; file < 30; file += 1) writeFileSync(join(tree, "deep", `f${file}`), randomBytes(file * 1_000));
    gate.broker.actions = ["sftp.read", "sftp.write"];
    const up = await gate.client.run("rsync", ["-a", "-e", rsh(), `${tree}/`, at(remote("tree/"))]);
    expect(up).toMatchObject({ code: 0 });
    const down = await gate.client.run("rsync", ["-a", "-e", rsh(), at(remote("tree/")), local("back/")]);
    expect(down).toMatchObject({ code: 0 });
    execFileSync("diff", ["-r", tree, local("back")]);
    gate.broker.actions = ["ssh.exec", "sftp.read"];
    expect((await gate.client.run("rsync", ["-a", "-e", rsh(), `${tree}/`, at(remote("tree2/"))])).code).not.toBe(0);
    expect(existsSync(remote("tree2"))).toBe(false);
  });

  it("git clones and pushes", async () => {
    const repo = remote("repo.git");
    execFileSync("git", ["init", "-q", "--bare", repo]);
    const { uid, gid } = statSync(sshd.home);
    execFileSync("chown", ["-R", `${uid}:${gid}`, repo]);
    chownSync(repo, uid, gid);
    const git = (...args: string[]) =>
      gate.client.run("env", [`GIT_SSH_COMMAND=${rsh()}`, "git", "-c", "user.name=t", "-c", "user.email=t@t", ...args]);
    const url = `ssh://${LOGIN}@127.0.0.1:${gate.port}${repo}`;
    expect(await git("clone", "-q", url, local("one"))).toMatchObject({ code: 0 });
    writeFileSync(join(local("one"), "file"), CONTENT);
    await git("-C", local("one"), "add", ".");
    await git("-C", local("one"), "commit", "-q", "-m", "x");
    expect(await git("-C", local("one"), "push", "-q", "origin", "HEAD:main")).toMatchObject({ code: 0 });
    expect(await git("clone", "-q", "-b", "main", url, local("two"))).toMatchObject({ code: 0 });
    expect(readFileSync(join(local("two"), "file")).equals(CONTENT)).toBe(true);
  });
});
