/**
 * A broker behind which nothing happens: it knows people by their cookie, remembers what it was asked, and refuses every
 * use case with `conflict` unless a test says otherwise. For the tests of the HTTP door and the live room.
 */
import {
  asId,
  done,
  refused,
  type Actor,
  type Outcome,
  type PersonId,
  type Power,
  type Role,
} from "../../gateway/domain/index.js";
import type { Broker, PlacedNotice } from "../../gateway/broker/index.js";

export const UUID = "01900000-0000-7000-8000-000000000001";

export function fakeActor(login: string, power: Power | null, roles: readonly Role[]): Actor {
  return {
    personId: asId<PersonId>(`person-${login}`),
    login,
    displayName: login,
    locale: "en",
    unitId: asId(UUID),
    vendorId: null,
    power,
    roles,
    sourceAddress: "127.0.0.1",
    credentialEpoch: 1,
  };
}

type UseCases = { [Noun in Exclude<keyof Broker, "onNotice" | "mayHear">]?: Partial<Broker[Noun]> };

export interface FakeBroker {
  readonly broker: Broker;
  /** `noun.verb` of every use case asked, in order; looking up who someone is not counted. */
  readonly calls: string[];
  /** Signed-in people by cookie; a test changes or removes them. */
  readonly people: Map<string, Actor>;
  notify(notice: PlacedNotice): void;
}

/** @param overrides use cases that shall answer something. */
export function createFakeBroker(overrides: UseCases = {}): FakeBroker {
  const calls: string[] = [];
  const people = new Map<string, Actor>();
  const listeners = new Set<(notice: PlacedNotice) => void>();
  const byPerson = (id: PersonId): Outcome<Actor> => {
    const found = [...people.values()].find((person) => person.personId === id);
    return found === undefined ? refused("unauthenticated") : done(found);
  };
  const identity: Partial<Broker["identity"]> = {
    resume: async (cookie) => {
      const found = people.get(cookie);
      return found === undefined ? refused("unauthenticated") : done(found);
    },
    refresh: async (actor) => byPerson(actor.personId),
    signOut: async (cookie) => {
      calls.push("identity.signOut");
      people.delete(cookie);
    },
    installation: async () => ({ hasPeople: true, bootstrap: false, demo: false }),
    me: async (actor) => {
      calls.push("identity.me");
      return {
        id: actor.personId,
        login: actor.login,
        displayName: actor.displayName,
        locale: actor.locale,
        state: "active",
        power: actor.power,
        roles: actor.roles,
        holdings: [],
        holdsBeyond: false,
        unitId: actor.unitId,
        unitName: "Example Bureau",
        vendorId: null,
        vendorChain: [],
        contractId: null,
        contractNumber: null,
        contractEndsAt: null,
        sponsorId: null,
        sponsorName: null,
        email: null,
        identityTail: null,
        enrolled: true,
        passkeys: 0,
        signed: true,
        reviewedAt: 0,
        lastSignInAt: null,
        createdAt: 0,
        pendingProposals: 0,
        keys: [],
        signIns: [],
        notices: [],
        needsSignature: false,
        passwordExpiresAt: null,
        mustChangePassword: actor.mustChangePassword === true,
        steppedUpUntil: null,
        approvesFrom: null,
        openReviews: 0,
        openProposals: 0,
      };
    },
  };
  const access: Partial<Broker["access"]> = {
    reachable: async () => {
      calls.push("access.reachable");
      return [];
    },
  };
  const factors: Partial<Broker["factors"]> = {
    offers: async () => ({
      passkeys: true,
      password: { preset: "modern", leastCharacters: 12, leastKinds: 0, longestDays: null, history: 5 },
    }),
  };
  const directories: Partial<Broker["directories"]> = { offers: () => ({ oidc: null, ldap: false, firstTime: false }) };
  const base: UseCases = { identity, access, factors, directories };
  const noun = <Noun extends keyof UseCases>(name: Noun): Broker[Noun] =>
    new Proxy({ ...base[name], ...overrides[name] } as Broker[Noun], {
      get(target, verb) {
        const known = Reflect.get(target, verb) as unknown;
        if (known !== undefined || typeof verb !== "string" || verb === "then") return known;
        return async () => {
          calls.push(`${name}.${verb}`);
          return refused("conflict");
        };
      },
    });
  return {
    calls,
    people,
    notify: (notice) => listeners.forEach((listener) => listener(notice)),
    broker: {
      identity: noun("identity"),
      people: noun("people"),
      factors: noun("factors"),
      registry: noun("registry"),
      proposals: noun("proposals"),
      directories: noun("directories"),
      assets: noun("assets"),
      access: noun("access"),
      desktops: noun("desktops"),
      sessions: noun("sessions"),
      recordings: noun("recordings"),
      audit: noun("audit"),
      onNotice(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      // Where a person holds what he holds is his own unit here.
      mayHear: async ({ personId, unitId }, { audience: { personIds, unitIds } }) =>
        personIds.includes(personId) || unitIds === null || unitIds.includes(unitId),
    },
  };
}

/** Signs in an auditor, a system administrator and an operator, each under a cookie of that name. */
export function withPeople(fake: FakeBroker): FakeBroker {
  fake.people.set("audit", fakeActor("audit", "audit", []));
  fake.people.set("system", fakeActor("system", "system", []));
  fake.people.set("operator", fakeActor("operator", null, ["operator"]));
  return fake;
}
