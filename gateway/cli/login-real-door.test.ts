/** `gatehouse login` against the HTTP door over the real use cases: what one sends is what the other takes. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createFakeBroker } from "../../test/support/fake-broker-http.js";
import { openDoor } from "../../test/support/http-door.js";
import { must } from "../../test/support/identity-lab.js";
import { openTerminalHouse } from "../../test/support/terminal-house.js";
import { done } from "../domain/index.js";
import { keyFiles } from "./device-key-files.js";
import { login, logout } from "./login.js";
import { loginTexts } from "./login-texts.js";

test("makes a key that opens, and logout ends it", async () => {
  const house = await openTerminalHouse();
  const alice = await house.seat("alice", { from: "127.0.0.1" });
  let url = "";
  const factors: typeof house.factors = {
    ...house.factors,
    // The house's links lead to its own name; this door is elsewhere.
    async askTerminal(asked) {
      const wait = must(await house.factors.askTerminal(asked));
      return done({ ...wait, url: new URL(new URL(wait.url).pathname, url).href });
    },
  };
  const { door } = await openDoor(createFakeBroker({ factors }).broker);
  const { port } = await door.listen();
  url = `http://127.0.0.1:${port}`;
  const home = mkdtempSync(join(tmpdir(), "gatehouse-login-"));
  const said: string[] = [];
  const input = {
    url,
    login: "alice",
    name: "laptop",
    keep: "file",
    home,
    environment: {},
    texts: loginTexts({}),
    say: (line: string) => said.push(line),
    signal: new AbortController().signal,
  } as const;
  try {
    const ended = login(input);
    await expect.poll(() => said.length).toBe(2);
    const [, code = ""] = /\/a\/(\S{9})/.exec(said[0] ?? "") ?? [];
    const [, number = ""] = /enter ([0-9]{2})/.exec(said[1] ?? "") ?? [];
    must(await house.approve(alice, code, number));
    expect(await ended).toBe(0);
    expect(said.join("\n")).toContain("alice@ACCOUNT@ASSET@gate.example");
    const { privateKey } = keyFiles(home, input.url);
    const fingerprint = execFileSync("ssh-keygen", ["-lf", privateKey], { encoding: "utf8" }).split(" ")[1] ?? "";
    const shown = { login: "alice", fingerprint, sourceAddress: "127.0.0.1" };
    must(await house.factors.signInByDeviceKey(shown));
    expect(await logout(input)).toBe(0);
    expect(await house.factors.signInByDeviceKey(shown)).toMatchObject({ code: "sign-in-refused" });
    expect(readdirSync(join(home, ".ssh"))).toEqual([]);
  } finally {
    await door.close();
    await house.close();
    rmSync(home, { recursive: true, force: true });
  }
});
