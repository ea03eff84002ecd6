/**
 * The second factor after a sign-in at the provider: a one-time code or a passkey of the very person. A wrong one may be tried
 * again within five minutes, as slowly as anywhere; the right one is used up together with the half sign-in.
 */
import { refused, type Actor, type Person, type Stores } from "../../domain/index.js";
import type { DirectoryUseCases, SecondFactor } from "../broker.js";
import { judgeProof } from "../factors/passkey-proof.js";
import { SIGN_IN_CHALLENGE } from "../factors/passkey-sign-in.js";
import { codeSecret, countFailure, totpBound } from "../identity-deps.js";
import { signInRules } from "../sign-in-rules.js";
import { newPage, signedIn, type NewPage } from "../web-session.js";
import type { DirectoryDeps } from "./deps.js";
import { findHalf, useUp } from "./oidc-challenge.js";
import { letIn } from "./sign-in-oidc.js";
import { tellRefused } from "./tell-refused.js";

type Finish = DirectoryUseCases["finishOidc"];
type Deps = DirectoryDeps;

const LONGEST_CODE = 64;

export async function finishOidc(deps: Deps, input: Parameters<Finish>[0]): ReturnType<Finish> {
  const { read } = deps.database;
  const half = await findHalf(deps, read, input.handle);
  const person = half?.challenge.personId == null ? undefined : await read.people.get(half.challenge.personId);
  if (half === undefined || person === undefined) return refused("directory-refused");
  const admitted = await deps.throttle.begin({
    login: person.login,
    address: input.sourceAddress,
    kept: { failures: person.failures, at: person.lastFailureAt ?? 0 },
    isKnownAddress: async () =>
      (await read.webSessions.count({ personId: person.id, sourceAddress: input.sourceAddress })) > 0,
  });
  if (!admitted.ok) return refused("too-many-tries", { retryAfterMs: admitted.retryAfterMs });
  const step = input.factor.kind === "code" ? await stepOf(deps, person, input.factor.code) : undefined;
  const page = newPage(await signInRules(read, deps.policy), deps.clock.now(), {
    sourceAddress: input.sourceAddress,
    userAgent: input.userAgent,
    via: "oidc",
    ...(input.previous === undefined ? {} : { previous: input.previous }),
  });
  const actor = await deps.database.write((tx) => pass(deps, tx, { ...input, step, page }));
  if (actor === undefined) {
    await deps.database.write((tx) => countFailure(tx, person.id, deps.clock.now()));
    await tellRefused(deps, input.sourceAddress, null, { unfit: "wrong-second-factor", personId: person.id });
    return refused("sign-in-refused");
  }
  deps.throttle.succeeded(person.login, input.sourceAddress);
  return signedIn(deps, page, actor);
}

function stepOf(deps: Deps, person: Person, code: string): Promise<number | undefined> {
  return deps.vault.checkTotp({
    bound: totpBound(person.id),
    sealed: codeSecret(person),
    code: code.slice(0, LONGEST_CODE),
    afterStep: person.totpLastStep,
    nowMs: deps.clock.now(),
  });
}

interface Try {
  readonly handle: string;
  readonly factor: SecondFactor;
  readonly step: number | undefined;
  readonly page: NewPage;
  readonly sourceAddress: string;
}

/** Uses up the half sign-in and the factor and lets the person in, or writes nothing. */
async function pass(
  deps: Deps,
  tx: Stores,
  { handle, factor, step, page, sourceAddress }: Try,
): Promise<Actor | undefined> {
  const half = await findHalf(deps, tx, handle);
  const person = half?.challenge.personId == null ? undefined : await tx.people.get(half.challenge.personId);
  if (half === undefined || person?.state !== "active" || person.credentialEpoch !== half.epoch) return undefined;
  const proof =
    factor.kind === "passkey"
      ? await judgeProof(deps, tx, SIGN_IN_CHALLENGE, person.id, { ...factor, sourceAddress })
      : undefined;
  const proved = proof === undefined ? await useStep(tx, person, step) : proof.ok;
  if (!proved || !(await useUp(deps, tx, half.challenge))) return undefined;
  return letIn(deps, tx, person, page, sourceAddress, proof?.ok === true ? proof.value.id : undefined);
}

async function useStep(tx: Stores, person: Person, step: number | undefined): Promise<boolean> {
  if (step === undefined) return false;
  return tx.people.update(
    person.id,
    { totpLastStep: step },
    { totpLastStep: { lt: step }, totpSealed: codeSecret(person) },
  );
}
