/** Links that a waiting terminal shows, answered by the test, and device keys: the part of the fake broker that lets in without a code. */
import { asId, done, refused, type Actor, type ErrorCode, type Outcome } from "../../gateway/domain/index.js";
import type { Broker } from "../../gateway/broker/index.js";
import type { FakePerson } from "./fake-broker.js";

/** A link that somebody waits at. */
export interface FakeWait {
  readonly login: string;
  readonly subject: string;
  /** The waiting client left. */
  readonly left: boolean;
  /** The browser's word. */
  approve(): void;
  refuse(): void;
}

type Factors = Pick<Broker["factors"], "askTerminal" | "awaitTerminal" | "signInByDeviceKey">;
const noWord = (): void => undefined;

export class FakeTerminals {
  readonly waits: FakeWait[] = [];
  /** Fingerprints that were asked for, in order. */
  readonly keysAsked: string[] = [];
  /** Every link is refused with this. */
  refusedWith: ErrorCode | undefined;
  readonly factors: Factors;
  readonly #words = new Map<string, (signal: AbortSignal) => Promise<Outcome<Actor>>>();

  constructor(
    personOf: (login: string) => FakePerson | undefined,
    actorOf: (person: FakePerson, sourceAddress: string) => Actor,
  ) {
    const no = refused("terminal-approval-refused");
    this.factors = {
      askTerminal: ({ login, subject, sourceAddress }) => {
        if (this.refusedWith !== undefined) return Promise.resolve(refused(this.refusedWith));
        const person = personOf(login);
        const wait = { login, subject, left: false, approve: noWord, refuse: noWord };
        const word = new Promise<Outcome<Actor>>((resolve) => {
          wait.approve = () => resolve(person === undefined ? no : done(actorOf(person, sourceAddress)));
          wait.refuse = () => resolve(no);
        });
        const id = `terminal-${this.waits.push(wait)}`;
        this.#words.set(id, (signal) => {
          const leave = (): void => {
            wait.left = true;
            wait.refuse();
          };
          if (signal.aborted) leave();
          signal.addEventListener("abort", leave);
          return word;
        });
        const shown = { code: "7K3M-9QXT", url: "http://localhost:8080/a/7K3M-9QXT", number: "42", pollToken: null };
        return Promise.resolve(done({ id: asId(id), expiresAt: Date.now() + 90_000, ...shown }));
      },
      awaitTerminal: (id, signal) => this.#words.get(id)?.(signal) ?? Promise.resolve(no),
      signInByDeviceKey: ({ login, fingerprint, sourceAddress }) => {
        this.keysAsked.push(fingerprint);
        const person = personOf(login);
        if (person?.deviceKeys?.includes(fingerprint) !== true) return Promise.resolve(refused("sign-in-refused"));
        return Promise.resolve(done({ ...actorOf(person, sourceAddress), deviceKeyId: asId("device-key-1") }));
      },
    };
  }
}
