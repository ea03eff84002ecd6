/** The directory room's LDAP against a real slapd: who is let in, who is not, and what a slow or broken server can do. */
import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createLdap, type LdapConfig } from "../../gateway/directory/index.js";
import type { LdapPort } from "../../gateway/domain/index.js";
import { startSlapd, type TestSlapd } from "../support/slapd.js";

let slapd: TestSlapd;
beforeAll(async () => {
  slapd = await startSlapd();
  await slapd.addPerson({ uid: "wang", cn: "王 Wang", mail: "wang@example.org", password: "heron-1" });
  await slapd.addPerson({ uid: "li", cn: "Li", mail: "li@example.org", password: "heron-2" });
  for (const uid of ["twin-a", "twin-b", "twin-c"])
    await slapd.addPerson({ uid, cn: "Twin", mail: "twin@example.org", password: "heron-3" });
  await slapd.setGroup("ops", ["wang"]);
});
afterAll(() => slapd.stop());

const listening: Server[] = [];
afterEach(() => {
  for (const server of listening.splice(0)) server.close();
});

function config(more: Partial<LdapConfig> = {}): LdapConfig {
  return {
    url: slapd.ldapsUrl,
    startTls: false,
    ca: readFileSync(slapd.caFile, "utf8"),
    bindDn: slapd.bindDn,
    bindPassword: slapd.bindPassword,
    baseDn: slapd.baseDn,
    loginAttribute: "uid",
    groupBaseDn: undefined,
    ...more,
  };
}
const open = (more: Partial<LdapConfig> = {}): LdapPort => createLdap(config(more));

describe("signing in at a directory", () => {
  it.each([
    ["ldaps", () => ({})],
    ["StartTLS", () => ({ url: slapd.url, startTls: true })],
    ["the clear, on loopback", () => ({ url: slapd.url, ca: undefined })],
  ])("lets the right password in over %s", async (_name, more) => {
    const answer = await open(more()).authenticate("wang", "heron-1");
    expect(answer).toMatchObject({
      state: "ok",
      person: { login: "wang", displayName: "王 Wang", email: "wang@example.org", provedSecondFactor: false },
    });
    expect(answer.state === "ok" && answer.person.groups).toContain("ops");
    expect(answer.state === "ok" && answer.person.subject).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("finds groups by their members where it is told to search", async () => {
    const answer = await open({ groupBaseDn: slapd.groupsDn }).authenticate("wang", "heron-1");
    expect(answer.state === "ok" && answer.person.groups).toContain(`cn=ops,${slapd.groupsDn}`);
  });

  it.each([
    ["a wrong password", "wang", "heron-2"],
    ["an unknown login", "nobody", "heron-1"],
    ["a filter in the login", "*)(uid=*", "heron-1"],
    ["a star", "*", "heron-1"],
    ["a star behind a letter", "w*", "heron-1"],
    ["a backslash", "wang\\2a", "heron-1"],
    ["a null byte", "wang\0", "heron-1"],
    ["a login of 65 characters", "w".repeat(65), "heron-1"],
  ])("refuses %s", async (_name, login, password) => {
    expect(await open().authenticate(login, password)).toEqual({ state: "refused" });
  });

  it("refuses two entries, and three, of one login", async () => {
    await slapd.changePerson("twin-c", { mail: "other@example.org" });
    const byMail = open({ loginAttribute: "mail" });
    expect(await byMail.authenticate("twin@example.org", "heron-3")).toEqual({ state: "refused" });
    await slapd.changePerson("twin-c", { mail: "twin@example.org" });
    expect(await byMail.authenticate("twin@example.org", "heron-3")).toEqual({ state: "refused" });
  });

  it("sends nothing at all for an empty password", async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    listening.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `ldap://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    expect(await open({ url }).authenticate("wang", "")).toEqual({ state: "refused" });
    expect(connections).toBe(0);
    const before = slapd.log();
    expect(await open().authenticate("wang", "")).toEqual({ state: "refused" });
    expect(slapd.log()).toBe(before);
  });

  it("refuses to speak in the clear to another machine", () => {
    expect(() => open({ url: "ldap://directory.example.org", startTls: false })).toThrow(/over tls/);
    expect(() => open({ url: "ldap://directory.example.org", startTls: true })).not.toThrow();
  });

  it("does not believe a certificate that its authority did not sign", async () => {
    const answer = await open({ ca: undefined }).authenticate("wang", "heron-1");
    expect(answer.state).toBe("unreachable");
    const byStartTls = await open({ url: slapd.url, startTls: true, ca: undefined }).authenticate("wang", "heron-1");
    expect(byStartTls.state).toBe("unreachable");
  });

  it("says that it was not reached when the reader's own password is wrong", async () => {
    const answer = await open({ bindPassword: "other" }).authenticate("wang", "heron-1");
    expect(answer.state).toBe("unreachable");
    expect((await open({ baseDn: "dc=elsewhere,dc=org" }).check("00000000-0000-4000-8000-000000000000")).state).toBe(
      "unreachable",
    );
  });
});

describe("asking after somebody", () => {
  it("follows the entry through a new login and tells when it is gone", async () => {
    await slapd.addPerson({ uid: "zhao", cn: "Zhao", mail: "zhao@example.org", password: "heron-4" });
    const ldap = open();
    const answer = await ldap.authenticate("zhao", "heron-4");
    const subject = answer.state === "ok" ? answer.person.subject : "";
    await slapd.renamePerson("zhao", "zhao2");
    expect(await ldap.check(subject)).toMatchObject({ state: "stands", person: { subject, login: "zhao2" } });
    await slapd.removePerson("zhao2");
    expect(await ldap.check(subject)).toMatchObject({ state: "gone" });
    // The same login given to somebody else is another entry.
    await slapd.addPerson({ uid: "zhao", cn: "Another", mail: "z@example.org", password: "heron-5" });
    const other = await ldap.authenticate("zhao", "heron-5");
    expect(other.state === "ok" && other.person.subject).not.toBe(subject);
  });

  it("takes no subject that is none", async () => {
    expect((await open().check("*)(uid=*")).state).toBe("gone");
  });
});

describe("a directory that does not answer", () => {
  it("is left after its time, also by a crowd, and then answers again", async () => {
    const ldap = open();
    slapd.pause();
    try {
      const began = performance.now();
      const crowd = Array.from({ length: 60 }, () => ldap.authenticate("wang", "heron-1"));
      const first = await Promise.race(crowd);
      // Forty found no room and were told so at once.
      expect(performance.now() - began).toBeLessThan(1_000);
      expect(first).toMatchObject({ state: "unreachable" });
      const all = await Promise.all(crowd.slice(0, 12));
      expect(performance.now() - began).toBeLessThan(15_000);
      expect(all.every((one) => one.state === "unreachable")).toBe(true);
      slapd.goOn();
      await Promise.all(crowd);
    } finally {
      slapd.goOn();
    }
    expect((await ldap.authenticate("wang", "heron-1")).state).toBe("ok");
  });

  it("is unreachable when it is down, and the person is not gone", async () => {
    const ldap = open();
    const answer = await ldap.authenticate("li", "heron-2");
    const subject = answer.state === "ok" ? answer.person.subject : "";
    await slapd.kill();
    expect((await ldap.authenticate("li", "heron-2")).state).toBe("unreachable");
    expect((await ldap.check(subject)).state).toBe("unreachable");
    await slapd.restart();
    expect((await ldap.check(subject)).state).toBe("stands");
  });
});
