/** What Prometheus reads at `/metrics`: the process, live sessions, free space, recordings. Numbers only, no names of people or hosts. */
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Recorder } from "./recording/index.js";
import { RUNNING_STATES, type Database } from "./domain/index.js";

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

/** Collects when asked; a scrape costs a few counts. */
export function createMetrics(deps: { readonly database: Database; readonly recorder: Recorder }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, collect: (set: (value: number) => void) => Promise<void>): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        await collect((value) => this.set(value));
      },
    });
  };
  gauge("gatehouse_sessions_live", "sessions that run now", async (set) => {
    set(await deps.database.read.sessions.count({ state: { in: RUNNING_STATES } }));
  });
  gauge("gatehouse_requests_pending", "requests that wait for a decision", async (set) => {
    set(await deps.database.read.requests.count({ state: "pending" }));
  });
  gauge("gatehouse_alerts_open", "alerts nobody acknowledged", async (set) => {
    set(await deps.database.read.alerts.count({ state: "open" }));
  });
  gauge(
    "gatehouse_channels_unrecorded",
    "closed channels that were neither recorded, digested nor refused; must be 0",
    async (set) => {
      set(await deps.database.read.channels.count({ closedAt: { not: null }, outcome: "open" }));
    },
  );
  gauge("gatehouse_recording_free_bytes", "free bytes where recordings are written", async (set) => {
    set((await deps.recorder.health()).freeBytes);
  });
  return { contentType: registry.contentType, text: () => registry.metrics() };
}
