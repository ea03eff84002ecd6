/**
 * A desktop's certificate in front of a guacd 1.3, which cannot compare one: the gate does before each dial. And a target that refuses
 * the way of signing in. A relay stands before the target, so that another host can take its place.
 */
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openDesktop, type DesktopClient } from "../support/desktop-client.js";
import { addDesktopAccount, startDesktopLab, type DesktopLab, type DesktopOperator } from "../support/desktop-lab.js";
import type { DesktopUser } from "../support/desktop-user.js";
import { terminal } from "../support/desktops.js";
import { grantNew } from "../support/gatehouse.js";
import { letGoAfterFailure } from "../support/let-go-of-guacd.js";
import { endedSession, eventsOf, openAlerts } from "../support/trail.js";
import { startXrdp, type TestXrdp } from "../support/xrdp.js";

let relay: Server;
let behind = 0;
let other: TestXrdp;
let lab: DesktopLab;
let user: DesktopUser;
beforeAll(async () => {
  relay = createServer((near) => {
    const far = connect(behind, "127.0.0.1");
    near.on("error", () => far.destroy()).on("close", () => far.destroy());
    far.on("error", () => near.destroy()).on("close", () => near.destroy());
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  lab = await startDesktopLab({ allow: [`127.0.0.1:${port()}`] });
  other = await startXrdp();
  user = lab.xrdp.addUser(terminal);
}, 60_000);
afterAll(async () => {
  await lab?.stop();
  await other?.stop();
  relay.close();
}, 60_000);
afterEach(() => lab.guacd.untilIdle(10_000));
letGoAfterFailure(() => lab?.guacd);

const port = (): number => (relay.address() as AddressInfo).port;

/** An operator with a grant for a fresh asset behind the relay. */
async function operatorOf(
  name: string,
  security: string,
  pinned: boolean,
): Promise<Omit<DesktopOperator, "accountId"> & { accountId: string; assetId: string }> {
  behind = lab.xrdp.port;
  const system = await lab.house.as("erin");
  const asset = await system.call("POST", "/assets", {
    name,
    protocol: "rdp",
    host: "127.0.0.1",
    port: port(),
    description: "behind a relay",
    legacyAlgorithms: false,
    desktop: { security, acceptsMissing: pinned },
  });
  const publicKey = pinned
    ? ((await system.call("POST", `/assets/${asset.id}/host-key-scan`)).publicKey as string)
    : "certificate-unchecked";
  await system.call("POST", `/assets/${asset.id}/host-key`, { publicKey });
  const accountId = await addDesktopAccount(lab.house, {
    assetId: asset.id as string,
    login: user.login,
    password: user.password,
  });
  const granted = await grantNew(lab.house, { accountId, actions: ["rdp.connect"] });
  return { ...granted, accountId, assetId: asset.id as string };
}

const refusal = async (client: DesktopClient): Promise<readonly (string | undefined)[]> => {
  const { code, status } = await client.closed;
  return [code, status];
};

test("a pinned desktop opens; with another host in its place nothing is opened, and everybody who must know is told", async () => {
  const operator = await operatorOf("pinned-01", "any", true);
  const client = await openDesktop(operator.api, operator.accountId);
  client.leave();
  await client.closed;
  await lab.guacd.untilIdle(10_000);
  await user.wipe();
  await endedSession(lab.house, operator.login);

  behind = other.port;
  const logged = lab.guacd.log().length;
  const refused = await openDesktop(operator.api, operator.accountId, { shown: false });
  expect(await refusal(refused)).toEqual(["target-key-changed", "515"]);
  expect(lab.guacd.log().slice(logged)).not.toContain("joined connection");
  await endedSession(lab.house, operator.login);
  const alerts = await openAlerts(lab.house);
  expect(alerts.filter(({ kind }) => kind === "host-key-changed")).toMatchObject([
    { subject: `asset:${operator.assetId}` },
  ]);
  const events = await eventsOf(lab.house, operator.login, "session.refused");
  expect(events.map(({ decidedBy }) => decidedBy)).toContain("target-key-changed");
}, 60_000);

test("a target that refuses the way of signing in: told as its refusal, and the event names the account", async () => {
  const operator = await operatorOf("nla-01", "nla", false);
  const refused = await openDesktop(operator.api, operator.accountId, { shown: false });
  expect(await refusal(refused)).toEqual(["target-credential-refused", "769"]);
  await endedSession(lab.house, operator.login);
  const events = await eventsOf(lab.house, operator.login, "session.refused");
  expect(events).toMatchObject([
    { decidedBy: "target-credential-refused", detail: { accountId: operator.accountId, assetId: operator.assetId } },
  ]);
}, 60_000);
