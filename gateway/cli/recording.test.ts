/** What `gatehouse recording` writes to a terminal of names that people chose and of files that anybody made. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { call, keepSession } from "./client.js";
import { recordingList, recordingVerify } from "./recording.js";

const HOSTILE = "\u001b]0;x\u0007\u001b[2J\r\n2027  \u202eevil";
const CONTROLS = /[\p{Cc}\p{Cf}]/u;
let folder: string;
let written: string;
let answer: { status: number; body: unknown };
const server = createServer((_request, response) => {
  response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-recording-"));
  vi.stubEnv("XDG_STATE_HOME", folder);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  keepSession({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cookie: "" });
  written = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written += String(text);
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

test("a session is one line, whatever its people, vendors and contracts are called", async () => {
  const snapshot = {
    login: "mallory",
    displayName: HOSTILE,
    vendorChain: [HOSTILE, "Delta"],
    contract: HOSTILE,
    accountLogin: "root",
    assetName: "web-01",
  };
  const session = { recordingId: "r1", state: "ended", startedAt: 0, endedAt: 1, because: "left", snapshot };
  answer = { status: 200, body: { items: [session], next: null } };
  expect(await recordingList({ root: "", json: false })).toBe(0);
  expect(written.endsWith("  left\n")).toBe(true);
  expect(written.slice(0, -1)).not.toMatch(CONTROLS);
  expect(written).toContain("Delta");
});

test("a file is one line, whatever it is called", async () => {
  writeFileSync(join(folder, `a${HOSTILE}.ghr`), "nothing");
  expect(await recordingVerify({ paths: [folder], signer: undefined, audit: undefined, json: false })).toBe(2);
  expect(written.slice(0, -1)).not.toMatch(CONTROLS);
});

test("a refusal is told in one line, whoever answers", async () => {
  answer = { status: 403, body: { title: HOSTILE, code: HOSTILE } };
  const message = await call("/sessions").then(String, String);
  expect(message).toContain("evil");
  expect(message).not.toMatch(CONTROLS);
});
