/** Logins on a device and waiting terminals over HTTP: what comes in is bounded, what goes out is told, and a poll ends with its asker. */
import { describe, expect, it } from "vitest";
import { createFakeBroker, UUID, withPeople } from "../../test/support/fake-broker-http.js";
import { doorOf, OWN_PAGE } from "../../test/support/http-door.js";
import { asId, done, refused, type DeviceKey } from "../domain/index.js";
import type { Broker } from "../broker/index.js";

const TOKEN = "T".repeat(43);
const LOGINS = "/api/v1/auth/device-logins";
const KEY: DeviceKey = {
  id: asId(UUID),
  personId: asId(UUID),
  name: "laptop",
  publicKey: "ssh-ed25519 AAAA",
  fingerprint: "SHA256:x",
  sourceAddress: "127.0.0.1",
  credentialEpoch: 7,
  passkeyId: asId("cGFzc2tleQ"),
  createdAt: 1,
  expiresAt: 2,
  lastUsedAt: null,
  retiredAt: null,
};
const WAIT = { code: "7K3M-9QXT", url: "https://gate.example/a/7K3M-9QXT", number: "42", expiresAt: 90 };

async function bench(factors: Partial<Broker["factors"]>) {
  const { door } = await doorOf(withPeople(createFakeBroker({ factors })));
  const ask = (method: "GET" | "POST" | "DELETE", url: string, payload?: object, who?: string) =>
    door.app.inject({
      method,
      url,
      headers: { ...OWN_PAGE, ...(who === undefined ? {} : { cookie: `gatehouse=${who}` }) },
      ...(payload === undefined ? {} : { payload }),
    });
  return { door, ask };
}

describe("a login on a device", () => {
  it("is begun by anybody, from his address, and answers link, number and token alone", async () => {
    const asked: unknown[] = [];
    const { ask } = await bench({
      askTerminal: async (input) => {
        asked.push(input);
        return done({ id: asId(UUID), ...WAIT, pollToken: TOKEN });
      },
    });
    const body = { login: "NOBODY ", name: "laptop", publicKey: "ssh-ed25519 AAAA" };
    const answer = await ask("POST", LOGINS, body);
    expect([answer.statusCode, answer.json()]).toEqual([201, { ...WAIT, token: TOKEN }]);
    const meant = { purpose: "device-key", subject: "laptop", sourceAddress: "127.0.0.1" };
    expect(asked).toEqual([{ ...meant, login: "NOBODY ", publicKey: "ssh-ed25519 AAAA" }]);
  });

  it.each([
    [{ login: "a".repeat(65), name: "n", publicKey: "k" }],
    [{ login: "a", name: "", publicKey: "k" }],
    [{ login: "a", name: "two\nlines", publicKey: "k" }],
    [{ login: "a", name: "turned \u202e", publicKey: "k" }],
    [{ login: "a", name: "n", publicKey: "k".repeat(1025) }],
    [{ login: "a", name: "n", publicKey: "k", purpose: "ssh" }],
    [{ login: "a", name: "n" }],
  ])("is refused before anything is done: %j", async (body) => {
    const { ask } = await bench({ askTerminal: () => Promise.reject(new Error("reached")) });
    expect((await ask("POST", LOGINS, body)).json()).toMatchObject({ code: "invalid-input" });
  });

  it("is pending, then the key with where to use it, without what the row keeps for itself", async () => {
    let state: "pending" | "done" = "pending";
    const { ask } = await bench({
      pollDeviceKey: async () => done(state === "pending" ? { state } : { state, key: KEY, login: "alice" }),
    });
    expect((await ask("GET", `${LOGINS}/${TOKEN}`)).json()).toEqual({ state: "pending" });
    state = "done";
    const { personId: _person, credentialEpoch: _epoch, passkeyId: _passkey, ...key } = KEY;
    const ssh = { host: "gate.example", port: 2222 };
    expect((await ask("GET", `${LOGINS}/${TOKEN}`)).json()).toEqual({ state: "done", key, login: "alice", ssh });
    expect((await ask("GET", `${LOGINS}/short`)).json()).toMatchObject({ code: "invalid-input" });
  });

  it("says that it was refused, and nothing of a token that is none", async () => {
    const { ask } = await bench({
      pollDeviceKey: async (token) => refused(token === TOKEN ? "terminal-approval-refused" : "not-found"),
    });
    expect((await ask("GET", `${LOGINS}/${TOKEN}`)).json()).toMatchObject({ code: "terminal-approval-refused" });
    expect((await ask("GET", `${LOGINS}/${"U".repeat(43)}`)).statusCode).toBe(404);
  });

  it("is waited for no longer than its asker stays", async () => {
    let left = false;
    let asked = (): void => undefined;
    const reached = new Promise<void>((resolve) => (asked = resolve));
    const { door } = await bench({
      pollDeviceKey: (_token, signal) =>
        new Promise((resolve) => {
          asked();
          signal?.addEventListener("abort", () => {
            left = true;
            resolve(done({ state: "pending" }));
          });
        }),
    });
    const { port } = await door.listen();
    const gone = new AbortController();
    const poll = fetch(`http://127.0.0.1:${port}${LOGINS}/${TOKEN}`, { headers: OWN_PAGE, signal: gone.signal });
    await reached;
    expect(left).toBe(false);
    gone.abort();
    await expect(poll).rejects.toThrow();
    await expect.poll(() => left).toBe(true);
    await door.close();
  });
});

describe("a waiting terminal", () => {
  it.each([
    [{ number: "7" }],
    [{ number: "123" }],
    [{ number: "4x" }],
    [{ handle: "" }],
    [{ response: "text" }],
    [{ more: 1 }],
  ])("is not approved with %j", async (fault) => {
    const { ask } = await bench({ approveTerminal: () => Promise.reject(new Error("reached")) });
    const body = { number: "42", handle: "h", response: {}, ...fault };
    const answer = await ask("POST", "/api/v1/terminal-approvals/7K3M-9QXT/approval", body, "operator");
    expect(answer.json()).toMatchObject({ code: "invalid-input" });
  });

  it("is approved with number, handle and answer, and names the number when that was wrong", async () => {
    const asked: unknown[] = [];
    const { ask } = await bench({
      approveTerminal: async (_actor, input) => {
        asked.push(input);
        return refused("terminal-approval-refused", { field: "number" });
      },
    });
    const body = { number: "42", handle: "h", response: { id: "x" } };
    const answer = await ask("POST", "/api/v1/terminal-approvals/7K3M-9QXT/approval", body, "operator");
    expect(answer.json()).toMatchObject({ code: "terminal-approval-refused", field: "number" });
    expect(asked).toEqual([{ code: "7K3M-9QXT", ...body }]);
  });

  it("is nothing to nobody", async () => {
    const { ask } = await bench({});
    expect((await ask("GET", "/api/v1/terminal-approvals/7K3M-9QXT")).statusCode).toBe(401);
    expect((await ask("GET", "/api/v1/terminal-approvals/..%2f..", undefined, "operator")).statusCode).toBe(400);
  });
});
