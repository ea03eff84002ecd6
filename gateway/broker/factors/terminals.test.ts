import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { must } from "../../../test/support/identity-lab.js";
import { makeSoftwareAuthenticator } from "../../../test/support/software-authenticator.js";
import {
  OFFICE,
  openTerminalHouse,
  RULES,
  type Seated,
  type TerminalHouse,
} from "../../../test/support/terminal-house.js";
import { asId, type TerminalApprovalId } from "../../domain/index.js";

let house: TerminalHouse;
let alice: Seated;
let bob: Seated;
const NOT_FOUND = { ok: false, code: "not-found" };
const REFUSED = { ok: false, code: "terminal-approval-refused" };
const never = new AbortController().signal;

beforeEach(async () => {
  house = await openTerminalHouse();
  alice = await house.seat("alice");
  bob = await house.seat("bob");
});
afterEach(() => house.close());

const ask = async (login = "alice", sourceAddress = OFFICE) =>
  must(await house.factors.askTerminal({ login, purpose: "ssh", subject: "root@web-01", sourceAddress }));
/** Another number than the one shown. */
const wrong = (number: string): string => (number === "99" ? "10" : String(Number(number) + 1));

describe("a waiting terminal", () => {
  test("lets in the person who approved with number and passkey, once", async () => {
    const wait = await ask();
    expect(wait.url).toBe(`https://gate.example/a/${wait.code}`);
    expect(wait.code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(wait.number).toMatch(/^[1-9][0-9]$/);
    expect(wait.expiresAt - house.now()).toBe(90_000);
    const entered = house.factors.awaitTerminal(wait.id, never);
    expect(await house.approve(alice, wait.code, wait.number)).toEqual({ ok: true, value: undefined });
    expect(await entered).toMatchObject({
      ok: true,
      value: { personId: alice.person.id, sourceAddress: OFFICE, credentialEpoch: alice.person.credentialEpoch },
    });
    expect(must(await entered)).not.toHaveProperty("webSessionId");
    expect(await house.verbs()).toEqual(
      expect.arrayContaining(["person.terminal-asked", "person.terminal-approved", "person.signed-in"]),
    );
    expect(await house.factors.awaitTerminal(wait.id, never)).toMatchObject(REFUSED);
    expect(await house.approve(alice, wait.code, wait.number)).toMatchObject(NOT_FOUND);
  });

  test("may be approved on another node", async () => {
    const wait = await ask();
    const entered = house.factors.awaitTerminal(wait.id, never);
    must(await house.approve(alice, wait.code, wait.number, { via: house.elsewhere }));
    expect(await entered).toMatchObject({ ok: true });
  });

  test("shows the browser what was typed, where from, and nothing of the number", async () => {
    const wait = must(
      await house.factors.askTerminal({
        login: "alice",
        purpose: "ssh",
        subject: "\u001b[31m<b>root@web-01\u202e",
        sourceAddress: OFFICE,
      }),
    );
    const question = must(await house.factors.terminalQuestion(alice.actor, ` ${wait.code.toLowerCase()} `));
    expect(question).toMatchObject({ purpose: "ssh", subject: "·[31m<b>root@web-01·", sameAddress: true });
    expect(JSON.stringify({ ...question, ceremony: null })).not.toContain(`"${wait.number}"`);
  });

  test("is nothing to anybody else, and to no code at all", async () => {
    const wait = await ask();
    expect(await house.factors.terminalQuestion(bob.actor, wait.code)).toEqual(NOT_FOUND);
    expect(await house.factors.terminalQuestion(bob.actor, "7K3M-9QXT")).toEqual(NOT_FOUND);
    expect(await house.factors.terminalQuestion(bob.actor, "x".repeat(5_000))).toEqual(NOT_FOUND);
    const { handle, options } = must(await house.factors.terminalQuestion(alice.actor, wait.code)).ceremony;
    const response = bob.device.signIn({ ...options, allowCredentials: [] } as never) as never;
    const asBob = { code: wait.code, number: wait.number, handle, response };
    expect(await house.factors.approveTerminal(bob.actor, asBob)).toEqual(NOT_FOUND);
    expect(await house.factors.refuseTerminal(bob.actor, wait.code)).toEqual(NOT_FOUND);
    // The same answer as alice's own page, with bob's passkey in her hand.
    expect(await house.factors.approveTerminal(alice.actor, asBob)).toMatchObject({
      ok: false,
      code: "passkey-refused",
    });
  });

  test("is not approved by a page that signed out, nor by one who is no page", async () => {
    const wait = await ask();
    const { webSessionId, ...terminal } = alice.actor;
    expect(await house.factors.terminalQuestion(terminal, wait.code)).toMatchObject({ ok: false, code: "forbidden" });
    await house.database.write((tx) => tx.webSessions.update(webSessionId!, { endedAt: house.now() }));
    expect(await house.factors.terminalQuestion(alice.actor, wait.code)).toMatchObject({ code: "unauthenticated" });
  });

  test("ends with the third wrong number, also of three at once", async () => {
    const one = await ask();
    for (const field of ["number", "number", undefined])
      expect(await house.approve(alice, one.code, wrong(one.number))).toMatchObject({
        ...REFUSED,
        ...(field && { field }),
      });
    expect(await house.approve(alice, one.code, one.number)).toEqual(NOT_FOUND);
    expect(await house.factors.awaitTerminal(one.id, never)).toMatchObject(REFUSED);
    const two = await ask();
    const tries = Array.from({ length: 20 }, () => house.approve(alice, two.code, wrong(two.number)));
    await Promise.all(tries);
    expect(await house.approve(alice, two.code, two.number)).toEqual(NOT_FOUND);
    expect((await house.verbs()).filter((verb) => verb === "person.terminal-refused")).toHaveLength(2);
  });

  test("keeps the ceremony good for the next try after a wrong number, and uses it up with the passkey", async () => {
    const wait = await ask();
    const { handle, options } = must(await house.factors.terminalQuestion(alice.actor, wait.code)).ceremony;
    const response = alice.device.signIn(options as never) as never;
    const shown = { code: wait.code, handle, response };
    expect(await house.factors.approveTerminal(alice.actor, { ...shown, number: wrong(wait.number) })).toMatchObject(
      REFUSED,
    );
    must(await house.factors.approveTerminal(alice.actor, { ...shown, number: wait.number }));
    const other = await ask();
    const replayed = { code: other.code, number: other.number, handle, response };
    expect(await house.factors.approveTerminal(alice.actor, replayed)).toMatchObject({ code: "passkey-refused" });
  });

  test("is not approved without the passkey: another device, another page's ceremony", async () => {
    const wait = await ask();
    const stranger = makeSoftwareAuthenticator("https://gate.example");
    stranger.register({ challenge: "AAAA", rp: { id: "gate.example" }, user: { id: "AAAA" } });
    const { handle, options } = must(await house.factors.terminalQuestion(alice.actor, wait.code)).ceremony;
    const forged = stranger.signIn({ ...options, allowCredentials: [] } as never) as never;
    const { code, number } = wait;
    expect(await house.factors.approveTerminal(alice.actor, { code, number, handle, response: forged })).toMatchObject({
      code: "passkey-refused",
    });
    const stepUp = must(await house.factors.beginStepUp(alice.actor));
    const meant = alice.device.signIn(stepUp.options as never) as never;
    expect(
      await house.factors.approveTerminal(alice.actor, { code, number, handle: stepUp.handle, response: meant }),
    ).toMatchObject({ code: "passkey-refused" });
  });

  test("of two approvals at once takes one", async () => {
    const wait = await ask();
    const both = await Promise.all([
      house.approve(alice, wait.code, wait.number),
      house.approve(alice, wait.code, wait.number),
    ]);
    expect(both.filter((one) => one.ok)).toHaveLength(1);
    const entered = await Promise.all([
      house.factors.awaitTerminal(wait.id, never),
      house.elsewhere.awaitTerminal(wait.id, never),
    ]);
    expect(entered.filter((one) => one.ok)).toHaveLength(1);
  });

  test("is not approved from another address unless policy says so", async () => {
    const wait = await ask("alice", "198.51.100.9");
    expect(must(await house.factors.terminalQuestion(alice.actor, wait.code)).sameAddress).toBe(false);
    expect(await house.approve(alice, wait.code, wait.number)).toEqual(REFUSED);
    house.rules = { ...RULES, terminal: { otherAddress: true } };
    must(await house.approve(alice, wait.code, wait.number));
  });

  test("is refused at once by the button", async () => {
    const wait = await ask();
    const entered = house.factors.awaitTerminal(wait.id, never);
    must(await house.factors.refuseTerminal(alice.actor, wait.code));
    expect(await entered).toMatchObject(REFUSED);
    expect(await house.approve(alice, wait.code, wait.number)).toEqual(NOT_FOUND);
    expect((await house.verbs()).at(-1)).toBe("person.terminal-refused");
  });

  test("lapses after 90 seconds", async () => {
    const wait = await ask();
    const entered = house.factors.awaitTerminal(wait.id, never);
    house.pass(89_999);
    const { handle, options } = must(await house.factors.terminalQuestion(alice.actor, wait.code)).ceremony;
    house.pass(1);
    expect(await house.factors.terminalQuestion(alice.actor, wait.code)).toEqual(NOT_FOUND);
    const response = alice.device.signIn(options as never) as never;
    const late = { code: wait.code, number: wait.number, handle, response };
    expect(await house.factors.approveTerminal(alice.actor, late)).toEqual(NOT_FOUND);
    expect(await entered).toMatchObject(REFUSED);
  });

  test("takes its link with it when the client leaves", async () => {
    const wait = await ask();
    const gone = new AbortController();
    const entered = house.factors.awaitTerminal(wait.id, gone.signal);
    gone.abort();
    expect(await entered).toMatchObject(REFUSED);
    expect(await house.approve(alice, wait.code, wait.number)).toEqual(NOT_FOUND);
  });

  test("lets nobody in who was disabled or signed out everywhere since it began to wait", async () => {
    for (const change of [{ state: "disabled" }, { credentialEpoch: 2 }] as const) {
      const carol = await house.seat(change.state === undefined ? "carol" : "carla");
      const wait = await ask(carol.person.login);
      const entered = house.factors.awaitTerminal(wait.id, never);
      must(await house.approve(carol, wait.code, wait.number, { via: house.elsewhere }));
      await house.database.write((tx) => tx.people.update(carol.person.id, change));
      expect(await entered).toMatchObject(REFUSED);
    }
  });

  test("gives a link to any login, with the same work, that nobody can approve", async () => {
    await house.seat("dora", { person: { state: "disabled" } }).catch(() => undefined);
    const events = async (): Promise<number> => (await house.verbs()).length;
    for (const login of ["nobody", "dora", "ALICE", "a\u0000b", "x".repeat(64)]) {
      const before = await events();
      const wait = must(
        await house.factors.askTerminal({ login, purpose: "ssh", subject: "", sourceAddress: "192.0.2.1" }),
      );
      expect(Object.keys(wait).sort()).toEqual(["code", "expiresAt", "id", "number", "pollToken", "url"]);
      expect(await events()).toBe(before + 1);
      expect(await house.factors.terminalQuestion(alice.actor, wait.code)).toEqual(NOT_FOUND);
    }
  });

  test("is bounded: per login and address, per address and in all, and nobody locks another out", async () => {
    const flood = async (login: string, from: string, times: number): Promise<number> => {
      let given = 0;
      for (let turn = 0; turn < times; turn += 1) {
        const input = { login, purpose: "ssh", subject: "", sourceAddress: from } as const;
        if ((await house.factors.askTerminal(input)).ok) given += 1;
      }
      return given;
    };
    expect(await flood("alice", "192.0.2.66", 50)).toBe(3);
    let all = 0;
    for (let turn = 0; turn < 40; turn += 1) all += await flood(`nobody${String(turn)}`, "192.0.2.67", 1);
    expect(all).toBe(20);
    expect(await flood("alice", OFFICE, 1)).toBe(1);
    const [row] = await house.database.read.terminalApprovals.find({ sourceAddress: OFFICE }, { limit: 1 });
    if (row === undefined) throw new Error("nothing waits");
    await house.database.write(async (tx) => {
      for (let turn = await tx.terminalApprovals.count({ state: "pending" }); turn < 500; turn += 1) {
        const own = { id: asId<TerminalApprovalId>(`wait-${String(turn)}`), codeHash: `hash-${String(turn)}` };
        await tx.terminalApprovals.insert({ ...row, ...own, sourceAddress: `198.51.100.${String(turn)}` });
      }
    });
    expect(await flood("bob", "203.0.113.9", 1)).toBe(0);
    house.pass(90_000);
    expect(await flood("bob", "203.0.113.9", 1)).toBe(1);
  });
});
