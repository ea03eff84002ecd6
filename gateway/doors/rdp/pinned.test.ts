/** A pinned certificate in front of a guacd that cannot compare one: the gate looks by itself before each dial, and guacd is told not to. */
import { afterEach, expect, test } from "vitest";
import { GatehouseError } from "../../domain/index.js";
import {
  ARGS,
  goodGuacd,
  startDesktopDoor,
  until,
  type Browser,
  type TestDesktopDoor,
} from "../../../test/support/desktop-door.js";

const PINNED = `x509-sha256 ${"ab".repeat(32)}`;
let house: TestDesktopDoor | undefined;
afterEach(async () => {
  await house?.stop();
  house = undefined;
});

async function start(shows: () => Promise<string>, args: readonly string[] = ARGS): Promise<TestDesktopDoor> {
  house = await startDesktopDoor({ shows, script: (peer, said) => goodGuacd(peer, said, args) });
  house.broker.plan = {
    ...house.broker.plan,
    hostKey: PINNED,
    desktop: { security: "any", acceptsMissing: true },
  };
  return house;
}

async function refusal(shows: () => Promise<string>): Promise<string[]> {
  const { broker, peers } = await start(shows);
  const browser = (await house?.connect(broker.ticket())) as Browser;
  await browser.closed;
  expect(house?.guacd().of("connect")).toEqual([]);
  await until("guacd's end", () => peers.every((peer) => peer.closed));
  expect(house?.guacd().abandoned).toBe(true);
  expect(broker.lent).toBe(0);
  return [browser.of("error")[0]?.[1] ?? "", ...broker.ends, ...broker.keyChanges];
}

test("guacd cannot compare: the gate does, and guacd lets in what it was not told to look at", async () => {
  const door = await start(() => Promise.resolve(PINNED));
  await door.desktop();
  expect(door.guacd().of("connect")[0]?.[ARGS.indexOf("ignore-cert") + 1]).toBe("true");
});

test("another certificate: told as such, reported, and no password crosses", async () => {
  const other = `x509-sha256 ${"cd".repeat(32)}`;
  expect(await refusal(() => Promise.resolve(other))).toEqual(["target-key-changed", "target-unreachable", other]);
});

test.each(["target-unreachable", "target-too-old"] as const)("none at all (%s): nothing is opened", async (code) => {
  const shows = (): Promise<string> => Promise.reject(new GatehouseError(code, "shows none"));
  expect(await refusal(shows)).toEqual([code, "target-unreachable"]);
});

test("guacd compares by itself: the gate does not look, and guacd is not told to let anything in", async () => {
  let looks = 0;
  const shows = (): Promise<string> => Promise.resolve(String((looks += 1)));
  const door = await start(shows, [...ARGS, "cert-fingerprints"]);
  await door.desktop();
  expect(looks).toBe(0);
  expect(door.guacd().of("connect")[0]?.[ARGS.indexOf("ignore-cert") + 1]).toBe("false");
});

test("the session ends while the gate looks: guacd is not asked for anything more", async () => {
  let answer: (shown: string) => void = () => undefined;
  const door = await start(() => new Promise((resolve) => (answer = resolve)));
  const { broker } = door;
  const browser = (await door.connect(broker.ticket())) as Browser;
  await until("guacd waits", () => door.peers[0]?.of("select").length === 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  broker.end("revoked");
  answer(PINNED);
  await browser.closed;
  await until("guacd's end", () => door.guacd().closed);
  expect(door.guacd().of("connect")).toEqual([]);
});
