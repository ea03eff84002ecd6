/**
 * Terminals that wait for a browser's word, logins on a device, and the keys that come of them. A login on a device is begun, asked
 * after and ended by whoever knows its token; it is nothing until a signed-in person approves it.
 */
import type { FastifyInstance } from "fastify";
import { asId, done } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

/** An answer comes at once when there is one; else the client asks again. Below what proxies allow a request to last. */
const LONGEST_POLL_MS = 20_000;
/** One login asks a few times a minute, and an office asks from one address. */
const POLLS_PER_TRY = 4;

export function registerTerminals(app: FastifyInstance, deps: RouteDeps, triesPerMinute: number): void {
  registerDeviceLogins(app, deps, triesPerMinute);
  registerApprovals(app, deps, triesPerMinute);
  registerDeviceKeys(app, deps);
}

function registerDeviceLogins(app: FastifyInstance, deps: RouteDeps, triesPerMinute: number): void {
  const { factors } = deps.broker;
  const shared = { tag: "auth", access: "public" } as const;

  route(app, {
    ...shared,
    method: "POST",
    url: "/auth/device-logins",
    summary: "Ask for a device key; the person approves it in his browser",
    triesPerMinute,
    body: contract.deviceLoginBody,
    answer: contract.deviceLoginStart,
    status: 201,
    async run({ body: { login, name, publicKey }, request }) {
      const sourceAddress = deps.addresses.of(request.raw);
      const asked = await factors.askTerminal({
        login,
        purpose: "device-key",
        subject: name,
        sourceAddress,
        publicKey,
      });
      if (!asked.ok) return asked;
      const { pollToken, ...shown } = asked.value;
      return done({ ...shown, token: pollToken ?? "" });
    },
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/auth/device-logins/:token",
    summary: "Wait a while for the key that was asked for",
    triesPerMinute: triesPerMinute * POLLS_PER_TRY,
    params: contract.deviceLoginParams,
    answer: contract.deviceLoginState,
    async run({ params, reply }) {
      const left = new AbortController();
      reply.raw.once("close", () => left.abort());
      const enough = AbortSignal.any([left.signal, AbortSignal.timeout(LONGEST_POLL_MS)]);
      const polled = await factors.pollDeviceKey(params.token, enough);
      if (!polled.ok) return polled;
      return done(polled.value.state === "pending" ? polled.value : { ...polled.value, ssh: deps.sshPublic });
    },
  });
  route(app, {
    ...shared,
    method: "DELETE",
    url: "/auth/device-logins/:token",
    summary: "Give the login up, or end the key that came of it",
    triesPerMinute,
    params: contract.deviceLoginParams,
    run: ({ params, request }) => factors.endDeviceLogin(params.token, deps.addresses.of(request.raw)),
  });
}

function registerApprovals(app: FastifyInstance, deps: RouteDeps, triesPerMinute: number): void {
  const { factors } = deps.broker;
  const shared = { tag: "terminals", access: "signed-in", params: contract.terminalCodeParams } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/terminal-approvals/:code",
    summary: "What waits under this link for me",
    triesPerMinute,
    answer: contract.terminalQuestion,
    run: ({ actor, params }) => factors.terminalQuestion(actor, params.code),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/terminal-approvals/:code/approval",
    summary: "Approve it with the number it shows and a passkey",
    triesPerMinute,
    body: contract.terminalApprovalBody,
    run: ({ actor, params, body }) => factors.approveTerminal(actor, { code: params.code, ...body }),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/terminal-approvals/:code/refusal",
    summary: "Refuse it",
    triesPerMinute,
    run: ({ actor, params }) => factors.refuseTerminal(actor, params.code),
  });
}

function registerDeviceKeys(app: FastifyInstance, deps: RouteDeps): void {
  const { factors } = deps.broker;
  const shared = { tag: "me", access: "signed-in" } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/me/device-keys",
    summary: "My device keys, newest first",
    answer: contract.deviceKeys,
    async run({ actor }) {
      const keys = await factors.listDeviceKeys(actor);
      return keys.ok ? done({ items: keys.value }) : keys;
    },
  });
  route(app, {
    ...shared,
    method: "DELETE",
    url: "/me/device-keys/:id",
    summary: "Retire a device key; what it opened ends",
    params: contract.idParams,
    run: ({ actor, params }) => factors.retireDeviceKey(actor, asId(params.id)),
  });
}
