/** The access house with a desktop in it: `desk-01` with the account `CORP\wang`, and people who act through page sessions. */
import {
  asId,
  type Action,
  type Actor,
  type DesktopChoices,
  type EndReason,
  type WebSessionId,
} from "../../gateway/domain/index.js";
import type { LiveChannel, LiveSession, OpenedSession, RequestView } from "../../gateway/broker/index.js";
import type { BrokerConfig } from "../../gateway/broker/deps.js";
import { buildHouse, CERTIFICATE, must, SECRET, type House, type Replace } from "./access-house.js";

export const CHOICES: DesktopChoices = {
  width: 1280,
  height: 800,
  dpi: 96,
  keyboardLayout: "en-us-qwerty",
  timeZone: "Asia/Shanghai",
};
export const DESKTOP_ACTIONS = ["rdp.connect", "rdp.copy", "rdp.paste", "rdp.upload", "rdp.download"] as const;

export interface DesktopHouse extends House {
  readonly desk: House["asset"];
  readonly deskAccount: House["accountId"];
  /** A fresh page session of the person, and him acting through it. */
  readonly onPage: (person: Actor) => Promise<Actor & { readonly webSessionId: WebSessionId }>;
  readonly signOut: (actor: Actor) => Promise<void>;
  readonly askDesktop: (actions?: readonly Action[]) => Promise<RequestView>;
  readonly grantDesktop: (actions?: readonly Action[]) => Promise<RequestView>;
  readonly tryDesktop: (actor: Actor, onEnd?: (because: EndReason) => void) => Promise<OpenedSession>;
  readonly openDesktop: (actor: Actor, onEnd?: (because: EndReason) => void) => Promise<LiveSession>;
  readonly screenOf: (session: LiveSession) => Promise<LiveChannel>;
}

export async function buildDesktopHouse(config: Partial<BrokerConfig> = {}, replace?: Replace): Promise<DesktopHouse> {
  const house = await buildHouse(config, replace);
  const { broker, people, deps, world } = house;
  world.addresses = { ...world.addresses, "desk-01.example": ["10.0.0.2"] };
  const { sys1, sec1, alice } = people;
  const input = { name: "desk-01", protocol: "rdp", host: "desk-01.example", port: 3389, description: "" } as const;
  const desk = must(await broker.assets.create(sys1, { ...input, legacyAlgorithms: false }));
  must(await broker.assets.confirmHostKey(sys1, desk.id, CERTIFICATE));
  const account = must(await broker.assets.createAccount(sys1, { assetId: desk.id, login: "CORP\\wang" }));
  must(await broker.assets.setCredential(sys1, account.id, { kind: "password", secret: SECRET }));
  const entitled = { personId: alice.personId, accountId: account.id, actions: DESKTOP_ACTIONS, to: null };
  must(await broker.assets.createEntitlement(sec1, entitled));
  const made: DesktopHouse = {
    ...house,
    desk: { id: desk.id, name: desk.name },
    deskAccount: account.id,
    onPage: async (person) => {
      const webSessionId = asId<WebSessionId>(deps.ids.next());
      const now = deps.clock.now();
      await deps.database.write((tx) =>
        tx.webSessions.insert({
          id: webSessionId,
          personId: person.personId,
          credentialEpoch: person.credentialEpoch,
          createdAt: now,
          lastSeenAt: now,
          expiresAt: now + 12 * 3_600_000,
          endedAt: null,
          sourceAddress: person.sourceAddress,
          userAgent: "test",
          steppedUpAt: now,
          via: "password",
          passkeyId: null,
        }),
      );
      return { ...person, webSessionId };
    },
    signOut: async ({ webSessionId }) => {
      const endedAt = deps.clock.now();
      await deps.database.write((tx) => tx.webSessions.update(webSessionId ?? asId(""), { endedAt }));
    },
    askDesktop: async (actions = ["rdp.connect", "rdp.copy"]) =>
      must(
        await broker.access.request(alice, {
          items: [{ accountId: account.id, actions }],
          reason: "打补丁",
          workOrder: "WO-2",
          durationMs: 3_600_000,
        }),
      ),
    grantDesktop: async (actions) => {
      const { id, digest } = await made.askDesktop(actions);
      return must(await broker.access.decide(people.bob, id, { verdict: "approved", reason: "", digest }));
    },
    tryDesktop: (actor, onEnd = () => undefined) =>
      broker.sessions.open({
        actor,
        accountLogin: "CORP\\wang",
        assetName: desk.name,
        protocol: "rdp",
        client: "browser",
        onEnd,
      }),
    openDesktop: async (actor, onEnd) => {
      const opened = await made.tryDesktop(actor, onEnd);
      if (opened.kind !== "open") throw new Error(`not opened: ${JSON.stringify(opened)}`);
      return opened.session;
    },
    screenOf: async (session) =>
      must(
        await session.openChannel({
          kind: "desktop",
          action: "rdp.connect",
          detail: "1280x800",
          desktop: { width: 1280, height: 800, dpi: 96 },
        }),
      ),
  };
  return made;
}
