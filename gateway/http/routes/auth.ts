/** Signing in and out, first steps, enrolment. The only routes besides the description that nobody need be signed in for. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import QRCode from "qrcode";
import type { WebSignIn } from "../../broker/index.js";
import { done } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

const USER_AGENT_MAX = 300;

async function qrOf(otpauth: string): Promise<string> {
  const svg = await QRCode.toString(otpauth, { type: "svg", margin: 1, errorCorrectionLevel: "M" });
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
}

/** The browser that wants in, with the cookie that a sign-in replaces. */
export function visitorOf(
  deps: Pick<RouteDeps, "cookie" | "addresses">,
  request: FastifyRequest,
): { readonly sourceAddress: string; readonly userAgent: string; readonly previous?: string } {
  const previous = deps.cookie.of(request.raw);
  return {
    sourceAddress: deps.addresses.of(request.raw),
    userAgent: (request.headers["user-agent"] ?? "").slice(0, USER_AGENT_MAX),
    ...(previous === undefined ? {} : { previous }),
  };
}

/** Gives the browser its cookie, and ends what ran under the one before. */
export function admit(
  deps: Pick<RouteDeps, "cookie" | "tethers" | "clock">,
  request: FastifyRequest,
  reply: FastifyReply,
  signedIn: WebSignIn,
): Omit<WebSignIn, "cookie"> {
  const previous = deps.cookie.of(request.raw);
  if (previous !== undefined) deps.tethers.cut(previous);
  const { actor, cookie, expiresAt } = signedIn;
  deps.cookie.set(reply, cookie, expiresAt - deps.clock.now());
  return { actor, expiresAt };
}

export function registerAuth(app: FastifyInstance, deps: RouteDeps, triesPerMinute: number): void {
  const { identity, factors } = deps.broker;
  const shared = { tag: "auth", access: "public", triesPerMinute } as const;

  route(app, {
    method: "GET",
    url: "/auth/installation",
    tag: "auth",
    access: "public",
    summary: "Whether the first steps are open",
    answer: contract.installation,
    run: async () => done(await identity.installation()),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/auth/bootstrap",
    summary: "Create the first security administrator from the one-time link",
    body: contract.bootstrapBody,
    answer: contract.enrolmentTokenAnswer,
    status: 201,
    run: ({ body, request }) => identity.bootstrap({ ...body, sourceAddress: deps.addresses.of(request.raw) }),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/auth/session",
    summary: "Sign in with password and one-time code",
    body: contract.signInBody,
    answer: contract.signInAnswer,
    async run({ body, request, reply }) {
      const signedIn = await identity.signInWeb({ ...body, via: "web", ...visitorOf(deps, request) });
      return signedIn.ok ? done(admit(deps, request, reply, signedIn.value)) : signedIn;
    },
  });
  route(app, {
    method: "GET",
    url: "/auth/offers",
    tag: "auth",
    access: "public",
    summary: "Ways to sign in, and what a password must be",
    answer: contract.signInOffers,
    run: async () => done({ ...(await factors.offers()), ...deps.broker.directories.offers() }),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/auth/passkey/options",
    summary: "Begin to sign in with a passkey",
    answer: contract.ceremony,
    run: ({ request }) => factors.beginPasskeySignIn(deps.addresses.of(request.raw)),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/auth/passkey/session",
    summary: "Sign in with a passkey",
    body: contract.passkeySignInBody,
    answer: contract.signInAnswer,
    async run({ body, request, reply }) {
      const signedIn = await factors.signInByPasskey({ ...body, ...visitorOf(deps, request) });
      return signedIn.ok ? done(admit(deps, request, reply, signedIn.value)) : signedIn;
    },
  });
  route(app, {
    method: "DELETE",
    url: "/auth/session",
    tag: "auth",
    access: "public",
    summary: "Sign out",
    async run({ request, reply }) {
      const cookie = deps.cookie.of(request.raw);
      deps.cookie.set(reply, "", 0);
      void reply.header("clear-site-data", '"cache"');
      if (cookie === undefined) return done(undefined);
      await identity.signOut(cookie);
      deps.tethers.cut(cookie);
      return done(undefined);
    },
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/auth/enrolment",
    summary: "Open an enrolment link",
    body: contract.enrolmentBody,
    answer: contract.enrolmentOffer,
    async run({ body, request }) {
      const offer = await identity.beginEnrolment({ ...body, sourceAddress: deps.addresses.of(request.raw) });
      return offer.ok ? done({ ...offer.value, qr: await qrOf(offer.value.otpauth) }) : offer;
    },
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/auth/enrolment/completion",
    summary: "Set password and one-time codes",
    body: contract.enrolmentCompletionBody,
    answer: contract.enrolmentCompletion,
    run: ({ body, request }) => identity.completeEnrolment({ ...body, sourceAddress: deps.addresses.of(request.raw) }),
  });
}
