import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Actor } from "../domain/index.js";
import { must, openIdentityLab, PASSWORD, type IdentityLab, type LabPerson } from "../../test/support/identity-lab.js";
import { INSTALLATION_LOCALE } from "./sign-in-rules.js";

const DAY_MS = 86_400_000;
const WEAK = { ok: false, code: "weak-password", field: "next" };

let lab: IdentityLab;
let grace: LabPerson;
let now: string;

beforeEach(async () => {
  lab = await openIdentityLab("memory");
  grace = await lab.bootstrap();
  now = PASSWORD;
});
afterEach(() => lab.close());

async function onPage(): Promise<Actor> {
  const code = lab.freshCode(grace);
  const input = { login: "grace", password: now, code, sourceAddress: "10.0.0.1", via: "web", userAgent: "" } as const;
  return must(await lab.identity.signInWeb(input)).actor;
}

async function change(next: string, actor?: Actor) {
  const who = actor ?? (await onPage());
  const changed = await lab.identity.changePassword(who, { current: now, next, code: lab.freshCode(grace) });
  if (changed.ok) now = next;
  return changed;
}

/** As in an installation that was made in Chinese. */
async function inChinese(): Promise<void> {
  await lab.database.write((tx) => tx.settings.update(INSTALLATION_LOCALE, { value: "zh-CN" }));
}

// Dozens of argon2 checks, two at a time, beside other tests.
describe("changing one's password", { timeout: 120_000 }, () => {
  test("refuses the present one and the last five, also after a reset, and takes the sixth again", async () => {
    const line = ["eleven loud ravens", "nine grey wolfhounds", "four slow tortoises", "two blind moles dig"];
    for (const next of [...line, "eight tame ostriches"]) must(await change(next));
    for (const used of [now, PASSWORD, ...line]) expect(await change(used)).toEqual(WEAK);
    must(await change("six wary badgers run"));
    must(await change(PASSWORD));
  });

  test("refuses what was had before a reset at the new enrolment", async () => {
    const heidi = await lab.add(grace, "heidi", { power: "security" });
    const alice = await lab.add(heidi, "alice");
    const { enrolmentToken } = must(await lab.people.resetFactors(await lab.onPage(heidi), alice.id, "lost her phone"));
    const token = enrolmentToken as string;
    const offer = must(await lab.identity.beginEnrolment({ token, sourceAddress: "x" }));
    const complete = (password: string) =>
      lab.identity.completeEnrolment({
        token,
        secret: offer.secret,
        password,
        code: lab.freshCode({ ...alice, secret: offer.secret }),
        sourceAddress: "x",
      });
    expect(await complete(alice.password)).toEqual({ ok: false, code: "weak-password", field: "password" });
    must(await complete("eleven loud ravens"));
  });

  test("refuses one that is tried first, and one without the kinds that 等保 asks for", async () => {
    expect(await change("Password2026!")).toEqual(WEAK);
    expect(await change("woaini5201314")).toEqual(WEAK);
    await inChinese();
    expect(await change("eleven loud ravens")).toEqual(WEAK);
    must(await change("Eleven loud ravens 7"));
  });

  test("ends every page session and connection, with the rows", async () => {
    const [one, two] = [await onPage(), await onPage()];
    must(await change("eleven loud ravens", one));
    for (const actor of [one, two]) expect((await lab.identity.refresh(actor)).ok).toBe(false);
    expect(await lab.database.read.webSessions.count({ personId: grace.id, endedAt: null })).toBe(0);
  });
});

describe("an overdue password", () => {
  beforeEach(async () => {
    await inChinese();
    now = "Eleven loud ravens 7";
    await lab.database.write(async (tx) => {
      const passwordHash = await lab.vault.hashPassword(now);
      await tx.people.update(grace.id, { passwordHash, passwordChangedAt: lab.now() });
    });
  });

  test("lets the person sign in on the page and change it, and nothing else", async () => {
    lab.pass(90 * DAY_MS - 60_000);
    expect((await onPage()).mustChangePassword).toBeUndefined();
    lab.pass(60_000);
    const actor = await onPage();
    expect(actor.mustChangePassword).toBe(true);
    expect(await lab.identity.me(actor)).toMatchObject({ mustChangePassword: true, login: "grace" });
    expect(await lab.identity.refresh(actor)).toEqual({ ok: false, code: "unauthenticated" });
    expect((await lab.people.list(actor, {})).ok).toBe(false);
    expect(await lab.identity.setLocale(actor, "en")).toEqual({ ok: false, code: "unauthenticated" });
    const key = { name: "k", publicKey: "ssh-ed25519 AAAA", code: lab.freshCode(grace) };
    expect((await lab.identity.addKey(actor, key)).ok).toBe(false);
    must(await change("Nine grey wolfhounds 7", actor));
    expect((await onPage()).mustChangePassword).toBeUndefined();
  });

  test("is noticed in a session that began before", async () => {
    lab.pass(90 * DAY_MS - 10 * 60_000);
    const code = lab.freshCode(grace);
    const input = { login: "grace", password: now, code, sourceAddress: "x", via: "web", userAgent: "" } as const;
    const { cookie } = must(await lab.identity.signInWeb(input));
    const before = must(await lab.identity.resume(cookie, "x"));
    expect(before.mustChangePassword).toBeUndefined();
    expect((await lab.identity.refresh(before)).ok).toBe(true);
    lab.pass(10 * 60_000);
    expect(must(await lab.identity.resume(cookie, "x")).mustChangePassword).toBe(true);
    // A socket that was opened before asks with what it knew then.
    expect(await lab.identity.refresh(before)).toEqual({ ok: false, code: "unauthenticated" });
    must(await change("Nine grey wolfhounds 7", must(await lab.identity.resume(cookie, "x"))));
  });

  test("opens no terminal, and says so only to who proved both factors", async () => {
    lab.pass(90 * DAY_MS);
    const attempt = { login: "grace", sourceAddress: "10.0.0.1", via: "ssh-password" } as const;
    const wrong = await lab.identity.signIn({ ...attempt, password: "x", code: lab.freshCode(grace) });
    expect(wrong).toEqual({ ok: false, code: "sign-in-refused" });
    const right = await lab.identity.signIn({ ...attempt, password: now, code: lab.freshCode(grace) });
    expect(right).toEqual({ ok: false, code: "password-expired" });
  });

  test("is nobody's where policy forces no change", async () => {
    await lab.database.write((tx) => tx.settings.update(INSTALLATION_LOCALE, { value: "en" }));
    lab.pass(400 * DAY_MS);
    expect((await onPage()).mustChangePassword).toBeUndefined();
  });
});
