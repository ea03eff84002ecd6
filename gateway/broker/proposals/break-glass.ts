/**
 * Breaking the glass: nobody is signed in. Both halves of a power's envelope make one new person who holds it, once: at once
 * when nobody of that power can act, else after a day in which each of them may refuse. Whatever is wrong with the halves, the
 * answer is the same. Every use stands in the log and in an alert that two persons must close.
 */
import {
  asId,
  done,
  isPersonLogin,
  refused,
  type Actor,
  type BreakGlassSeal,
  type Outcome,
  type Power,
  type Stores,
  type UnitId,
} from "../../domain/index.js";
import { raiseAlert } from "../alerts.js";
import type { ProposalUseCases } from "../broker.js";
import { insertPerson } from "../create-person.js";
import type { BrokerDeps } from "../deps.js";
import { isDisplayName, isEnrolled, tellPerson } from "../identity-deps.js";
import { alertNotice } from "../notices.js";
import { topUnit } from "../registry/unit-tree.js";
import { newToken } from "../secrets-shown-once.js";
import { settleIfComplete } from "../settle.js";
import { standing } from "../standing.js";
import type { Throttle } from "../throttle.js";
import { orUndone } from "../undone.js";
import { hashOfHalves } from "./halves.js";

/** How long those of the power have to refuse. */
const BREAK_GLASS_WAIT_MS = 24 * 3_600_000;

export type BreakGlassDeps = BrokerDeps & { readonly throttle: Throttle };
type Input = Parameters<ProposalUseCases["breakGlass"]>[0];
type Answer = { readonly enrolmentToken: string } | { readonly opensAt: number };

interface Broken {
  readonly answer: Answer;
  readonly personId: string | null;
  readonly alertId: string;
}

/** `sign-in-refused` for every fault of the halves; `conflict` (field `login`) only to who holds the right ones. */
export async function breakGlass(deps: BreakGlassDeps, input: Input): Promise<Outcome<Answer>> {
  if (!isPersonLogin(input.login)) return refused("invalid-input", { field: "login" });
  if (!isDisplayName(input.displayName)) return refused("invalid-input", { field: "displayName" });
  const admitted = deps.throttle.token(input.sourceAddress);
  if (!admitted.ok) return refused("too-many-tries", { retryAfterMs: admitted.retryAfterMs });
  const hash = hashOfHalves(input.power, input.halves) ?? "";
  const { token, hash: enrolmentHash } = newToken();
  const work = deps.database.write((tx) => open(deps, tx, { ...input, hash, token, enrolmentHash }));
  const outcome = await orUndone(work, refused("conflict", { field: "login" }));
  if (!outcome.ok) return outcome;
  deps.throttle.tokenWasRight(input.sourceAddress);
  const { answer, personId, alertId } = outcome.value;
  deps.notify(alertNotice(alertId));
  if (personId !== null) tellPerson(deps, asId(personId));
  return done(answer);
}

async function open(
  deps: BreakGlassDeps,
  tx: Stores,
  input: Input & { readonly hash: string; readonly token: string; readonly enrolmentHash: string },
): Promise<Outcome<Broken>> {
  const { power, hash, sourceAddress } = input;
  const at = deps.clock.now();
  const [seal] = await tx.breakGlassSeals.find({ hash, power, usedAt: null, voidAt: null }, { limit: 1 });
  const top = await topUnit(tx);
  if (seal === undefined || top === undefined) return refuseWrong(tx, power, sourceAddress);
  const opensAt = await waitsUntil(tx, seal, at);
  if (opensAt !== undefined && at < opensAt)
    return show(deps, tx, { seal, unitId: top.id, at, opensAt, sourceAddress });
  if (!(await tx.breakGlassSeals.update(seal.id, { usedAt: at }, { usedAt: null, voidAt: null })))
    return refuseWrong(tx, power, sourceAddress);
  const { login, displayName, locale, enrolmentHash } = input;
  const id = deps.ids.next();
  // The schema takes the power's row only at the very moment of the envelope's use.
  await insertPerson({ clock: { ...deps.clock, now: () => at } }, tx, {
    id,
    unitId: top.id,
    login,
    displayName,
    locale,
    power,
    roles: [],
    enrolmentHash,
    by: { personId: seal.sealedBy, confirmedBy: seal.confirmedBy, sourceAddress, decidedBy: "break-glass" },
    madeBy: null,
  });
  await tx.audit.append({
    verb: "break-glass.opened",
    actorId: null,
    actorName: login,
    object: { kind: "seal", id: seal.id },
    sourceAddress,
    unitId: null,
    decidedBy: opensAt === undefined ? "nobody-able" : "waited",
    detail: { power, personId: id, login, sealedBy: seal.sealedBy, confirmedBy: seal.confirmedBy },
  });
  await settleIfComplete(deps, tx);
  const alertId = await alert(deps, tx, top.id, power, { what: "opened", login, sourceAddress });
  return done({ answer: { enrolmentToken: input.token }, personId: id, alertId });
}

/** Undefined when nobody of the power can act, also by a provider's word; else from when the envelope opens. */
async function waitsUntil(tx: Stores, seal: BreakGlassSeal, at: number): Promise<number | undefined> {
  for (const { id } of await tx.powers.find({ power: seal.power }, { limit: 1000 })) {
    const person = await tx.people.get(id);
    if (person?.state === "active" && isEnrolled(person)) return (seal.shownAt ?? at) + BREAK_GLASS_WAIT_MS;
  }
  return undefined;
}

/** The first time starts the day and calls those of the power. */
async function show(
  deps: BreakGlassDeps,
  tx: Stores,
  input: {
    readonly seal: BreakGlassSeal;
    readonly unitId: UnitId;
    readonly at: number;
    readonly opensAt: number;
    readonly sourceAddress: string;
  },
): Promise<Outcome<Broken>> {
  const { seal, unitId, at, opensAt, sourceAddress } = input;
  const { power } = seal;
  if (seal.shownAt === null) {
    await tx.breakGlassSeals.update(seal.id, { shownAt: at }, { shownAt: null, voidAt: null });
    await tx.audit.append({
      verb: "break-glass.shown",
      actorId: null,
      object: { kind: "seal", id: seal.id },
      sourceAddress,
      unitId: null,
      detail: { power, opensAt },
    });
  }
  const alertId = await alert(deps, tx, unitId, power, { what: "shown", opensAt, sourceAddress });
  return done({ answer: { opensAt }, personId: null, alertId });
}

async function refuseWrong(tx: Stores, power: Power, sourceAddress: string): Promise<Outcome<never>> {
  await tx.audit.append({
    verb: "break-glass.refused",
    actorId: null,
    object: { kind: "power", id: power },
    sourceAddress,
    unitId: null,
    decidedBy: "wrong-halves",
  });
  return refused("sign-in-refused");
}

function alert(
  deps: BreakGlassDeps,
  tx: Stores,
  unitId: UnitId,
  power: Power,
  detail: Readonly<Record<string, string | number>>,
): Promise<string> {
  const subject = `power:${power}`;
  return raiseAlert(deps, tx, { unitId, kind: "break-glass", subject, detail: { power, ...detail } });
}

/** By anyone who holds that power and can act: what was shown of its envelopes is void. `not-found` when none waits. */
export async function refuseBreakGlass(deps: BreakGlassDeps, actor: Actor, power: Power): Promise<Outcome<void>> {
  return deps.database.write(async (tx): Promise<Outcome<void>> => {
    const now = await standing(tx, actor);
    if (now?.power !== power) return refused("forbidden");
    const waiting = { power, usedAt: null, voidAt: null, shownAt: { gt: 0 } } as const;
    const shown = await tx.breakGlassSeals.find(waiting);
    for (const { id } of shown) {
      await tx.breakGlassSeals.update(id, { voidAt: deps.clock.now() }, { usedAt: null, voidAt: null });
      await tx.audit.append({
        verb: "break-glass.refused",
        actorId: now.personId,
        object: { kind: "seal", id },
        sourceAddress: actor.sourceAddress,
        unitId: null,
        decidedBy: "holder-refused",
        detail: { power },
      });
    }
    return shown.length === 0 ? refused("not-found") : done(undefined);
  });
}
