/** An HTTP door over a fake broker, for tests: injected requests or a real listener on a free port of loopback. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Broker } from "../../gateway/broker/index.js";
import type { Clock } from "../../gateway/domain/index.js";
import type { FakeBroker } from "./fake-broker-http.js";
import { createHttp, type HttpConfig, type HttpDoor } from "../../gateway/http/index.js";

export interface LoggedLine {
  readonly level: string;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface TestDoor {
  readonly door: HttpDoor;
  readonly lines: LoggedLine[];
}

/** Headers of a changing request from our own page. */
export const OWN_PAGE = {
  "x-gatehouse": "1",
  origin: "http://localhost:8080",
  "sec-fetch-site": "same-origin",
} as const;

function pageFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-page-"));
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>Gatehouse</title>");
  writeFileSync(join(folder, "assets", "index-abc123.js"), "export {};");
  writeFileSync(join(folder, ".secret"), "hidden");
  return folder;
}

/** @param more what differs from plain HTTP on a free port of loopback. */
export async function openDoor(
  broker: Broker,
  more: {
    readonly config?: Partial<HttpConfig>;
    readonly ready?: () => Promise<boolean>;
    readonly clock?: Clock;
  } = {},
): Promise<TestDoor> {
  const lines: LoggedLine[] = [];
  const door = createHttp({
    broker,
    staticFolder: pageFolder(),
    metrics: { contentType: "text/plain; version=0.0.4", text: async () => "gatehouse_sessions_live 0" },
    ready: more.ready ?? (async () => true),
    clock: more.clock ?? { now: () => 1_700_000_000_000, monotonicUs: () => 0 },
    log: (level, message, detail = {}) => lines.push({ level, message, detail }),
    config: {
      listen: { host: "127.0.0.1", port: 0 },
      trustedProxy: [],
      demo: false,
      publicUrl: "http://localhost:8080",
      sshPublic: { host: "gate.example", port: 2222 },
      requestsPerMinute: 100_000,
      triesPerMinute: 100_000,
      ...more.config,
    },
  });
  await door.ready();
  return { door, lines };
}

/** A door for one test, closed when that test is over. */
export async function doorOf(fake: FakeBroker, config: Partial<HttpConfig> = {}): Promise<TestDoor> {
  const test = await openDoor(fake.broker, { config });
  onTestFinished(() => test.door.close());
  return test;
}
