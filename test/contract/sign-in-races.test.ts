/** Two requests at the same moment on PostgreSQL: what is good once is good once, whichever node is asked, and an end is an end. */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createFactors } from "../../gateway/broker/factors/factors.js";
import type { FactorUseCases, WebAuthnJson } from "../../gateway/broker/index.js";
import { createThrottle } from "../../gateway/broker/throttle.js";
import { createCalendar } from "../../gateway/calendar.js";
import type { Actor, Outcome } from "../../gateway/domain/index.js";
import { must, openIdentityLab, type IdentityLab, type LabPerson } from "../support/identity-lab.js";
import { startPostgres, type TestPostgres } from "../support/postgres.js";
import { makeSoftwareAuthenticator, type SoftwareAuthenticator } from "../support/software-authenticator.js";
import { newPublicKey } from "../support/terminal-house.js";

const ORIGIN = "http://localhost:8080";
const FROM = { sourceAddress: "10.0.0.1", userAgent: "lab" };
const json = (value: unknown): WebAuthnJson => value as WebAuthnJson;
const good = (outcomes: readonly Outcome<unknown>[]): number => outcomes.filter((one) => one.ok).length;

let postgres: TestPostgres;
let lab: IdentityLab;
let grace: LabPerson;
let page: Actor;
let device: SoftwareAuthenticator;
let nodes: readonly [FactorUseCases, FactorUseCases];

beforeAll(async () => {
  postgres = await startPostgres();
  lab = await openIdentityLab({ url: await postgres.createDatabase("races") });
  grace = await lab.bootstrap();
});
afterAll(async () => {
  await lab?.close();
  await postgres?.stop();
});
beforeEach(async () => {
  lab.pass(3_600_000);
  const config = { ...lab.deps.config, publicUrl: ORIGIN };
  const node = () =>
    createFactors({
      ...lab.deps,
      config,
      calendar: createCalendar("Asia/Shanghai"),
      throttle: createThrottle(lab.deps.clock),
    });
  nodes = [node(), node()];
  page = await lab.onPage(grace);
  device = makeSoftwareAuthenticator(ORIGIN);
  const { handle, options } = must(await nodes[0].beginPasskey(page));
  must(await nodes[0].addPasskey(page, { handle, name: "key", response: json(device.register(options as never)) }));
});

/** One answer to one ceremony, to be shown as often as one likes. */
async function answerOnce() {
  const { handle, options } = must(await nodes[0].beginPasskeySignIn(FROM.sourceAddress));
  return { ...FROM, handle, response: json(device.signIn(options as never)) };
}

async function question(code: string) {
  const asked = must(await nodes[0].terminalQuestion(page, code));
  const { handle, options } = asked.ceremony;
  return { code, handle, response: json(device.signIn(options as never)) };
}

const both = <T>(act: (node: FactorUseCases) => Promise<T>): Promise<T[]> =>
  Promise.all([...nodes, ...nodes].map((node) => act(node)));

describe("at the same moment", () => {
  it("one passkey's answer lets in once", async () => {
    const input = await answerOnce();
    expect(good(await both((node) => node.signInByPasskey(input)))).toBe(1);
  });

  it("one code is used once, for whatever it is shown", async () => {
    const code = lab.freshCode(grace);
    const acts: Promise<Outcome<unknown>>[] = [
      nodes[0].stepUp(page, { kind: "code", code }),
      nodes[1].stepUp(page, { kind: "code", code }),
      lab.identity.addKey(page, { name: "k", publicKey: newPublicKey(), code }),
      lab.restarted().identity.signIn({ ...FROM, login: grace.login, password: grace.password, code, via: "web" }),
    ];
    expect(good(await Promise.all(acts))).toBe(1);
  });

  it("one approval opens one terminal", async () => {
    const asked = { login: grace.login, purpose: "ssh", subject: "", sourceAddress: FROM.sourceAddress } as const;
    const wait = must(await nodes[0].askTerminal(asked));
    const never = new AbortController().signal;
    const waiting = both((node) => node.awaitTerminal(wait.id, never));
    await pause(50);
    must(await nodes[1].approveTerminal(page, { ...(await question(wait.code)), number: wait.number }));
    expect(good(await waiting)).toBe(1);
  });

  it("of wrong numbers shown at once no more than three are tries, and the third ends the link", async () => {
    const asked = { login: grace.login, purpose: "ssh", subject: "", sourceAddress: FROM.sourceAddress } as const;
    const wait = must(await nodes[0].askTerminal(asked));
    const wrong = wait.number === "99" ? "10" : String(Number(wait.number) + 1);
    const one = await question(wait.code);
    await Promise.all(
      [...nodes, ...nodes, ...nodes].map((node) => node.approveTerminal(page, { ...one, number: wrong })),
    );
    const row = await lab.database.read.terminalApprovals.get(wait.id);
    expect(row?.tries).toBeLessThanOrEqual(3);
    expect(row?.state === "refused").toBe(row?.tries === 3);
  });

  it("one login on a device makes one key", async () => {
    const publicKey = newPublicKey();
    const asked = { login: grace.login, purpose: "device-key", subject: "laptop", publicKey } as const;
    const wait = must(await nodes[0].askTerminal({ ...asked, sourceAddress: FROM.sourceAddress }));
    const one = await question(wait.code);
    expect(good(await both((node) => node.approveTerminal(page, { ...one, number: wait.number })))).toBe(1);
    expect(await lab.database.read.deviceKeys.count({ publicKey })).toBe(1);
  });

  it("a key is enrolled or a device's, and never both", async () => {
    const publicKey = newPublicKey();
    const asked = { login: grace.login, purpose: "device-key", subject: "laptop", publicKey } as const;
    const wait = must(await nodes[0].askTerminal({ ...asked, sourceAddress: FROM.sourceAddress }));
    const one = await question(wait.code);
    const code = lab.freshCode(grace);
    await Promise.all([
      nodes[0].approveTerminal(page, { ...one, number: wait.number }),
      lab.identity.addKey(page, { name: "k", publicKey, code }),
    ]);
    const enrolled = await lab.database.read.personKeys.count({ publicKey });
    expect(enrolled + (await lab.database.read.deviceKeys.count({ publicKey }))).toBe(1);
  });

  it("signing out everywhere leaves nothing open that came in meanwhile under what was before", async () => {
    const input = await answerOnce();
    const [came] = await Promise.all([nodes[0].signInByPasskey(input), nodes[1].signOutEverywhere(page, grace.id)]);
    const person = await lab.database.read.people.get(grace.id);
    const pages = await lab.database.read.webSessions.find({ personId: grace.id, endedAt: null });
    for (const open of pages) expect(open.credentialEpoch).toBe(person?.credentialEpoch);
    expect(pages.length).toBeLessThanOrEqual(came.ok ? 1 : 0);
  });

  it("a clone and its owner do not both get in on one count", async () => {
    const clone = device.copy();
    const { handle, options } = must(await nodes[0].beginPasskeySignIn(FROM.sourceAddress));
    const other = must(await nodes[1].beginPasskeySignIn(FROM.sourceAddress));
    const mine = { ...FROM, handle, response: json(device.signIn(options as never)) };
    const theirs = { ...FROM, handle: other.handle, response: json(clone.signIn(other.options as never)) };
    const entered = await Promise.all([nodes[0].signInByPasskey(mine), nodes[1].signInByPasskey(theirs)]);
    expect(good(entered)).toBe(1);
    const [key] = await lab.database.read.passkeys.find({ id: { in: [device.credentialIds[0] as never] } });
    expect(key?.retiredAt).not.toBeNull();
    const open = await lab.database.read.webSessions.count({ personId: grace.id, endedAt: null });
    expect(open).toBe(0);
  });
});
