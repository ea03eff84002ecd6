/**
 * Seats the demo's people through the use cases that a real installation has: the bootstrap link, enrolments with real codes,
 * and rights that one proposes and another confirms, from the moment there are two who can.
 */
import { randomBytes } from "node:crypto";
import { generate } from "otplib";
import type { Broker, NewPersonInput, ProposalView } from "../broker/index.js";
import type { Actor, Clock, Outcome, Power, Role, Stores } from "../domain/index.js";

export interface DemoPerson {
  readonly login: string;
  readonly role: Role | Power;
  readonly password: string;
  /** Base32 secret of the one-time code. */
  readonly totp: string;
}

export interface Seat {
  readonly login: string;
  readonly name: string;
  readonly role: Role | Power;
}

/** People at work: as they are at the terminal, and as they are on the page, where a second factor was just shown. */
export interface Seated {
  readonly people: readonly DemoPerson[];
  actor(login: string): Promise<Actor>;
  onPage(login: string): Promise<Actor>;
  /** Makes one more, with whatever he hangs on. */
  seat(seat: Seat, more?: Partial<NewPersonInput>): Promise<Actor>;
  /** Ends the page sessions that the seeding opened. */
  leave(): Promise<void>;
}

interface Parts {
  readonly broker: Pick<Broker, "identity" | "people"> & {
    readonly proposals: Pick<Broker["proposals"], "confirm" | "collect">;
  };
  readonly read: Stores;
  readonly clock: Clock;
}

const SOURCE = "127.0.0.1";

export function must<T>(outcome: Outcome<T>, doing: string): T {
  if (outcome.ok) return outcome.value;
  throw new Error(
    `the demo could not be made: ${doing}: ${outcome.code}${outcome.field === undefined ? "" : ` (${outcome.field})`}`,
  );
}

/**
 * Of 96 random bits, drawn again until it has each kind of character, whatever number of kinds policy asks for, and nowhere the
 * login, which a long rule does not take within one so short.
 */
export function newPassword(login: string): string {
  for (;;) {
    const password = randomBytes(12).toString("base64url");
    if (password.toLowerCase().includes(login)) continue;
    if ([/[A-Z]/, /[a-z]/, /[0-9]/, /[-_]/].every((kind) => kind.test(password))) return password;
  }
}

interface Enrolled {
  readonly person: DemoPerson;
  readonly recoveryCode: string;
}

/** An enrolment link's token, and its second part where it has two. */
interface Link {
  readonly token: string;
  readonly secondPart?: string;
}

/**
 * Enrols with the code of the step before now, so that the code a reader sees first is still unused. A step that ends between
 * making the code and judging it makes that code too old: then with the next one.
 */
async function enrol({ broker, clock }: Parts, link: Link, seat: Seat): Promise<Enrolled> {
  const doing = `enrolling ${seat.login}`;
  const offer = must(await broker.identity.beginEnrolment({ ...link, sourceAddress: SOURCE }), doing);
  const password = newPassword(seat.login);
  const complete = async () => {
    const code = await generate({ secret: offer.secret, epoch: Math.floor(clock.now() / 1000) - 30 });
    const answers = { ...link, secret: offer.secret, password, code, sourceAddress: SOURCE };
    return broker.identity.completeEnrolment(answers);
  };
  const once = await complete();
  const { recoveryCodes } = must(!once.ok && once.field === "code" ? await complete() : once, doing);
  const person = { login: seat.login, role: seat.role, password, totp: offer.secret };
  return { person, recoveryCode: recoveryCodes[0] ?? "" };
}

/** The person as the gate knows him now, without using up a code. */
async function actAs({ broker, read }: Parts, login: string): Promise<Actor> {
  const [person] = await read.people.find({ login });
  if (person === undefined) throw new Error(`the demo has no ${login}`);
  const { id: personId, displayName, locale, unitId, vendorId, credentialEpoch } = person;
  const who = { personId, login, displayName, locale, unitId, vendorId, credentialEpoch };
  const before: Actor = { ...who, power: null, roles: [], sourceAddress: SOURCE };
  return must(await broker.identity.refresh(before), `acting as ${login}`);
}

function rightsOf({ role }: Seat): Pick<NewPersonInput, "power" | "roles"> {
  return role === "system" || role === "security" || role === "audit"
    ? { power: role, roles: [] }
    : { power: null, roles: [role] };
}

async function first(parts: Parts, seat: Seat): Promise<Enrolled> {
  const token = await parts.broker.identity.makeBootstrapToken();
  if (token === undefined) throw new Error("the demo needs an empty installation");
  const { login, name: displayName } = seat;
  const input = { token, login, displayName, locale: "en", sourceAddress: SOURCE } as const;
  const begun = must(await parts.broker.identity.bootstrap(input), "making the first security administrator");
  return enrol(parts, { token: begun.enrolmentToken }, seat);
}

/** Seats the first two security administrators, of whom one then proposes everybody's rights and the other confirms. */
export async function seatPeople(parts: Parts, proposer: Seat, confirmer: Seat): Promise<Seated> {
  const { broker } = parts;
  const enrolled = new Map<string, Enrolled>();
  const pages = new Map<string, { readonly actor: Actor; readonly cookie: string }>();
  enrolled.set(proposer.login, await first(parts, proposer));

  const onPage = async (login: string): Promise<Actor> => {
    const known = pages.get(login);
    if (known !== undefined) return known.actor;
    const who = enrolled.get(login);
    if (who === undefined) throw new Error(`the demo has no ${login}`);
    // A recovery code, so that the one-time codes stay the reader's.
    const { password } = who.person;
    const input = { login, password, code: who.recoveryCode, sourceAddress: SOURCE, via: "web" } as const;
    const page = must(await broker.identity.signInWeb({ ...input, userAgent: "demo" }), `signing in ${login}`);
    pages.set(login, page);
    return page.actor;
  };
  /** The second person's yes; each of the two has his part of the link. */
  const agree = async ({ id, digest }: Pick<ProposalView, "id" | "digest">, login: string): Promise<Link> => {
    const confirmed = must(
      await broker.proposals.confirm(await onPage(confirmer.login), id, digest),
      `confirming ${login}`,
    );
    const { secret } = must(
      await broker.proposals.collect(await onPage(proposer.login), id),
      `fetching the link of ${login}`,
    );
    return { token: secret, secondPart: confirmed.secret ?? "" };
  };
  const seat = async (one: Seat, more: Partial<NewPersonInput> = {}): Promise<Actor> => {
    const input = { login: one.login, displayName: one.name, locale: "en", ...rightsOf(one), ...more } as const;
    const by = await actAs(parts, proposer.login);
    const { enrolmentToken, proposal } = must(await broker.people.create(by, input), `making ${one.login}`);
    const link = proposal === null ? { token: enrolmentToken ?? "" } : await agree(proposal, one.login);
    enrolled.set(one.login, await enrol(parts, link, one));
    return actAs(parts, one.login);
  };
  await seat(confirmer);
  return {
    get people() {
      return [...enrolled.values()].map((one) => one.person);
    },
    actor: (login) => actAs(parts, login),
    onPage,
    seat,
    async leave() {
      for (const { cookie } of pages.values()) await broker.identity.signOut(cookie);
      pages.clear();
    },
  };
}
