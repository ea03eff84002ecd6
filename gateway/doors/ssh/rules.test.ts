import { describe, expect, it } from "vitest";
import { sanitise, ERROR_CODES } from "../../domain/index.js";
import { addressKey, Crowd } from "./crowd.js";
import type { ExecVerdict } from "./door-deps.js";
import { codeText } from "./errors.js";
import { envAllowed, planChannel } from "./exec.js";
import { forwardNamed } from "./forward.js";
import { parsePtyModes } from "./ssh2-shims.js";
import { hostKeyLine, parseHostKey } from "./target-client.js";
import { columnsOf } from "./columns.js";

describe("connection caps", () => {
  const limits = { connections: 6, connectionsPerAddress: 3, unauthenticated: 4 };

  it("hold per address and in all", () => {
    const crowd = new Crowd(limits);
    const tokens = Array.from({ length: 8 }, () => ({}));
    for (const token of tokens.slice(0, 3)) {
      expect(crowd.enter(token, "10.0.0.1").admitted).toBe(true);
      crowd.know(token);
    }
    expect(crowd.enter({}, "10.0.0.1").admitted).toBe(false);
    expect(crowd.enter({}, "::ffff:10.0.0.1").admitted).toBe(false);
    for (const token of tokens.slice(3, 6)) expect(crowd.enter(token, "10.0.0.2").admitted).toBe(true);
    expect(crowd.enter({}, "10.0.0.3").admitted).toBe(false);
    for (const token of tokens.slice(0, 6)) crowd.leave(token);
    expect(crowd.size).toBe(0);
    expect(crowd.enter({}, "10.0.0.1").admitted).toBe(true);
  });

  it("drop the oldest stranger of the address that holds most", () => {
    const crowd = new Crowd({ ...limits, connectionsPerAddress: 9 });
    const first = { name: "first of the flood" };
    const quiet = { name: "quiet" };
    crowd.enter(quiet, "10.0.0.9");
    crowd.enter(first, "10.0.0.1");
    crowd.enter({}, "10.0.0.1");
    crowd.enter({}, "10.0.0.1");
    const entry = crowd.enter({}, "10.0.0.7");
    expect(entry).toEqual({ admitted: true, evict: first });
  });

  it("drop silent strangers before those who speak, and leave each kind half the room", () => {
    const crowd = new Crowd({ connections: 100, connectionsPerAddress: 9, unauthenticated: 4 });
    const enter = (name: string, address: string): object | undefined => {
      const token = { name };
      const entry = crowd.enter(token, address);
      if (entry.admitted && entry.evict !== undefined) crowd.leave(entry.evict);
      if (name.startsWith("speaking")) crowd.hear(token);
      return entry.admitted ? entry.evict : undefined;
    };
    enter("speaking 1", "10.0.0.1");
    for (let at = 0; at < 3; at += 1) enter(`silent ${at}`, `10.0.1.${at}`);
    for (let at = 3; at < 20; at += 1)
      expect(enter(`silent ${at}`, `10.0.1.${at}`)).toEqual({ name: `silent ${at - 3}` });
    // Now the other way round: speakers cannot take the room in which newcomers begin.
    for (let at = 2; at < 20; at += 1) enter(`speaking ${at}`, `10.0.2.${at}`);
    expect(enter("silent newcomer", "10.0.3.1")).toMatchObject({ name: expect.stringContaining("speaking") as string });
    expect(enter("silent second", "10.0.3.2")).toEqual({ name: "silent 19" });
    expect(enter("silent third", "10.0.3.3")).toEqual({ name: "silent newcomer" });
  });

  it("count IPv6 by its /64", () => {
    expect(addressKey("2001:db8:1:2:aaaa::1")).toBe(addressKey("2001:db8:1:2::ffff"));
    expect(addressKey("2001:db8:1:2::1")).not.toBe(addressKey("2001:db8:1:3::1"));
    expect(addressKey("::1")).toBe("0:0:0:0");
    expect(addressKey("fe80::1%eth0")).toBe("fe80:0:0:0");
  });
});

describe("what a channel needs", () => {
  const plan = (verdict: ExecVerdict, pty = false) => planChannel({ type: "exec", command: "x" }, pty, () => verdict);

  it("is ssh.exec for a readable command, ssh.shell with a pty or for an interpreter", () => {
    expect(plan({ kind: "command" })).toMatchObject({ kind: "exec", every: ["ssh.exec"] });
    expect(plan({ kind: "command" }, true)).toMatchObject({ every: ["ssh.shell"], why: "pty" });
    expect(plan({ kind: "shell", why: "editor" })).toMatchObject({ every: ["ssh.shell"], why: "editor" });
    expect(planChannel({ type: "shell" }, false, () => ({ kind: "command" }))).toMatchObject({ every: ["ssh.shell"] });
  });

  it("is the transfer rights for scp, rsync and sftp-server", () => {
    expect(plan({ kind: "scp", reads: true, writes: false, path: "/" })).toMatchObject({
      kind: "scp",
      every: ["sftp.read"],
    });
    expect(plan({ kind: "rsync", reads: true, writes: true, path: "/" })).toMatchObject({
      every: ["sftp.read", "sftp.write"],
    });
    expect(plan({ kind: "sftp", reads: true, writes: true, path: "" })).toMatchObject({
      guard: "sftp",
      some: ["sftp.read", "sftp.write"],
    });
    expect(plan({ kind: "scp", reads: false, writes: false, path: "" })).toMatchObject({ every: ["ssh.shell"] });
    expect(plan({ kind: "scp", reads: true, writes: false, path: "/" }, true)).toMatchObject({ every: ["ssh.shell"] });
  });

  it("is nothing for an unknown subsystem", () => {
    expect(planChannel({ type: "subsystem", name: "netconf" }, false, () => ({ kind: "command" }))).toBeUndefined();
  });
});

describe("small rules", () => {
  it("hand on only harmless environment variables", () => {
    expect(envAllowed("LANG", "zh_CN.UTF-8")).toBe(true);
    expect(envAllowed("LC_ALL", "C")).toBe(true);
    for (const [name, value] of [
      ["LD_PRELOAD", "x"],
      ["BASH_ENV", "x"],
      ["PATH", "/"],
      ["LANG", "a\nb"],
      ["LANG", "x".repeat(300)],
    ])
      expect(envAllowed(name ?? "", value ?? "")).toBe(false);
  });

  it("name a forward by host and port together", () => {
    const list = [{ host: "db.Local", port: 5432 }];
    expect(forwardNamed(list, "DB.local", 5432)).toBe(true);
    expect(forwardNamed(list, "db.local", 22)).toBe(false);
    expect(forwardNamed(list, "127.0.0.1", 5432)).toBe(false);
  });

  it("show foreign text without what a terminal would obey", () => {
    expect(sanitise("a\x1b[31mb\u202ec\u200bd\r\n\x9b1m\0")).toBe("a·[31mb·c·d···1m·");
    expect(sanitise("x".repeat(10_000_000), 50)).toHaveLength(50);
    expect(columnsOf("ab资产")).toBe(6);
  });

  it("read terminal modes until the list ends, whatever it holds", () => {
    const names = new Map([[53, "ECHO"]]);
    expect(parsePtyModes(Buffer.from([53, 0, 0, 0, 1, 99, 0, 0, 0, 2, 0]), names)).toEqual({ ECHO: 1 });
    expect(parsePtyModes(Buffer.from([53, 0, 0]), names)).toEqual({});
    expect(parsePtyModes(Buffer.alloc(0), names)).toEqual({});
    expect(parsePtyModes(Buffer.from([200, 0, 0, 0, 1, 53, 0, 0, 0, 1]), names)).toEqual({});
  });

  it("read a host key line and write it again", () => {
    const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIa0F1q5hKX0m1kzq2G8Q0bPYmT1oPq3Vd1lQ0n3e2kD";
    const parsed = parseHostKey(`${line} comment`);
    expect(parsed && hostKeyLine(parsed.blob)).toBe(line);
    expect(parseHostKey("nonsense")).toBeUndefined();
  });

  it("have a line for every code, in both languages", () => {
    for (const code of ERROR_CODES)
      for (const locale of ["en", "zh-CN"] as const) expect(codeText(locale, code)).not.toBe("");
    expect(codeText("en", "not-found")).toBe(codeText("en", "forbidden"));
    expect(codeText("zh-CN", "not-found")).toBe(codeText("zh-CN", "outside-entitlement"));
  });
});
