/**
 * SCIM 2.0 at `/scim/v2` (RFC 7643, RFC 7644): users, groups, and what the service says of itself. Every request shows a bearer
 * token, before its body is read; no cookie counts here, so no page can be made to speak it. Each token has a bound of its own.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { asId, type PersonId, type ScimToken } from "../../domain/index.js";
import { createBuckets } from "../buckets.js";
import * as contract from "../contract/index.js";
import { createErrorHandler } from "../refusals.js";
import type { RouteDeps } from "../route.js";
import { ScimFault, sendFault, valueOf } from "../scim/faults.js";
import { readFilter } from "../scim/filter.js";
import { emailOf, namedRoles, readGroupPatch, readUserPatch } from "../scim/patch.js";
import { createResources, listing } from "../scim/resources.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Set by SCIM's own hook on each of its routes. */
    scimToken: ScimToken | null;
  }
}

type Deps = Pick<RouteDeps, "broker" | "clock" | "log" | "addresses"> & { readonly publicUrl: string };

const RATE = { burst: 300, perSecond: 20 };
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const OPTIONS = { config: { access: "scim-token" }, schema: { hide: true } } as const;

export function registerScim(app: FastifyInstance, deps: Deps): void {
  guard(app, deps);
  const resources = createResources(deps.publicUrl);
  app.get("/ServiceProviderConfig", OPTIONS, (_request, reply) => send(reply, resources.config));
  app.get("/ResourceTypes", OPTIONS, (_request, reply) =>
    send(reply, listing(resources.types, resources.types.length, 1)),
  );
  app.get("/Schemas", OPTIONS, (_request, reply) =>
    send(reply, listing(resources.schemas, resources.schemas.length, 1)),
  );
  registerUsers(app, deps);
  registerGroups(app, deps);
}

function guard(app: FastifyInstance, { broker, clock, log, addresses }: Deps): void {
  const buckets = createBuckets(RATE, clock);
  const fallBack = createErrorHandler(log);
  app.decorateRequest("scimToken", null);
  app.addHook("onRequest", async (request) => {
    const [, bearer = ""] = /^Bearer ([A-Za-z0-9_-]{1,128})$/i.exec(request.headers.authorization ?? "") ?? [];
    const token = valueOf(await broker.directories.scim.enter(bearer, addresses.of(request.raw)));
    const retryAfterMs = buckets.take(token.id);
    if (retryAfterMs > 0) throw new ScimFault(429, "too many requests", { retryAfterMs });
    request.scimToken = token;
  });
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser(contract.SCIM_MEDIA_TYPE, { parseAs: "string" }, (request, body, done) => {
    void parse(request, body as string, done);
  });
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof ScimFault) return sendFault(reply, error);
    const status = (error as { readonly statusCode?: unknown }).statusCode;
    if (typeof status === "number" && status >= 400 && status < 500)
      return sendFault(reply, new ScimFault(status, "the request is not well-formed", { scimType: "invalidSyntax" }));
    return fallBack(error, request, reply);
  });
}

function send(reply: FastifyReply, body: object, status = 200): FastifyReply {
  return reply
    .code(status)
    .header("cache-control", "no-store")
    .type(contract.SCIM_MEDIA_TYPE)
    .serializer((document: unknown) => JSON.stringify(document))
    .send(body);
}

function tokenOf(request: FastifyRequest): ScimToken {
  if (request.scimToken === null) throw new ScimFault(401, "the token does not stand");
  return request.scimToken;
}

function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const what = issue?.path.filter((one) => typeof one === "string" || typeof one === "number").join(".") ?? "";
  throw new ScimFault(400, `the request is not acceptable${what === "" ? "" : ` at ${what}`}`, {
    scimType: "invalidValue",
  });
}

function idOf(request: FastifyRequest): string {
  const { id } = request.params as { readonly id: string };
  if (!UUID.test(id)) throw new ScimFault(404, "there is no such resource");
  return id;
}

function questionOf(request: FastifyRequest) {
  const query = read(contract.scimQuery, request.query);
  const filter = readFilter(query.filter);
  return {
    startIndex: Math.max(1, query.startIndex ?? 1),
    count: Math.max(0, query.count ?? contract.SCIM_PAGE),
    ...(filter === undefined ? {} : { filter }),
  };
}

/** What a whole user says of himself. */
function wholeUser(body: contract.ScimUserBody) {
  const parts = [body.name?.givenName, body.name?.familyName].filter((part) => part != null && part !== "");
  return {
    displayName: body.displayName ?? body.name?.formatted ?? (parts.length > 0 ? parts.join(" ") : body.userName),
    externalId: body.externalId ?? null,
    email: body.emails == null || body.emails.length === 0 ? null : emailOf(body.emails),
    ignored: namedRoles(body),
  };
}

/** A login is for ever; one that is sent again as it is changes nothing. */
function refuseRename(userName: string | undefined, now: string): void {
  if (userName !== undefined && userName.toLowerCase() !== now)
    throw new ScimFault(400, "userName does not change", { scimType: "mutability" });
}

function registerUsers(app: FastifyInstance, { broker, publicUrl }: Deps): void {
  const { scim } = broker.directories;
  const resources = createResources(publicUrl);
  app.get("/Users", OPTIONS, async (request, reply) => {
    const question = questionOf(request);
    const found = await scim.listUsers(tokenOf(request), question);
    return send(
      reply,
      listing(
        found.items.map((user) => resources.user(user)),
        found.total,
        question.startIndex,
      ),
    );
  });
  app.get("/Users/:id", OPTIONS, async (request, reply) =>
    send(reply, resources.user(valueOf(await scim.getUser(tokenOf(request), asId(idOf(request)))))),
  );
  app.post("/Users", OPTIONS, async (request, reply) => {
    const body = read(contract.scimUserBody, request.body);
    const input = { ...wholeUser(body), userName: body.userName, active: body.active ?? true };
    const user = valueOf(await scim.createUser(tokenOf(request), input));
    void reply.header("location", resources.userLocation(user.id));
    return send(reply, resources.user(user), 201);
  });
  app.put("/Users/:id", OPTIONS, async (request, reply) => {
    const [token, id] = [tokenOf(request), asId<PersonId>(idOf(request))];
    const body = read(contract.scimUserBody, request.body);
    refuseRename(body.userName, valueOf(await scim.getUser(token, id)).userName);
    const input = { ...wholeUser(body), ...(body.active == null ? {} : { active: body.active }) };
    return send(reply, resources.user(valueOf(await scim.changeUser(token, id, input))));
  });
  app.patch("/Users/:id", OPTIONS, async (request, reply) => {
    const [token, id] = [tokenOf(request), asId<PersonId>(idOf(request))];
    const { userName, ...input } = readUserPatch(read(contract.scimPatchBody, request.body));
    refuseRename(userName, valueOf(await scim.getUser(token, id)).userName);
    return send(reply, resources.user(valueOf(await scim.changeUser(token, id, input))));
  });
  app.delete("/Users/:id", OPTIONS, async (request, reply) => {
    valueOf(await scim.removeUser(tokenOf(request), asId(idOf(request))));
    return reply.code(204).send();
  });
}

function registerGroups(app: FastifyInstance, { broker, publicUrl }: Deps): void {
  const { scim } = broker.directories;
  const resources = createResources(publicUrl);
  const withMembers = (request: FastifyRequest): boolean => {
    const { excludedAttributes } = request.query as { readonly excludedAttributes?: unknown };
    return !(typeof excludedAttributes === "string" && /\bmembers\b/i.test(excludedAttributes));
  };
  const membersOf = (body: contract.ScimGroupBody): PersonId[] =>
    (body.members ?? []).map((one) => asId<PersonId>(one.value));

  app.get("/Groups", OPTIONS, async (request, reply) => {
    const question = questionOf(request);
    const found = await scim.listGroups(tokenOf(request), question);
    const items = found.items.map((group) => resources.group(group, withMembers(request)));
    return send(reply, listing(items, found.total, question.startIndex));
  });
  app.get("/Groups/:id", OPTIONS, async (request, reply) => {
    const group = valueOf(await scim.getGroup(tokenOf(request), idOf(request)));
    return send(reply, resources.group(group, withMembers(request)));
  });
  app.post("/Groups", OPTIONS, async (request, reply) => {
    const body = read(contract.scimGroupBody, request.body);
    const { displayName } = body;
    const input = { displayName, externalId: body.externalId ?? null, memberIds: membersOf(body) };
    const group = valueOf(await scim.createGroup(tokenOf(request), input));
    void reply.header("location", resources.groupLocation(group.id));
    return send(reply, resources.group(group, true), 201);
  });
  app.put("/Groups/:id", OPTIONS, async (request, reply) => {
    const body = read(contract.scimGroupBody, request.body);
    const { displayName } = body;
    const input = { displayName, externalId: body.externalId ?? null, setMembers: membersOf(body) };
    return send(reply, resources.group(valueOf(await scim.changeGroup(tokenOf(request), idOf(request), input)), true));
  });
  app.patch("/Groups/:id", OPTIONS, async (request, reply) => {
    const input = readGroupPatch(read(contract.scimPatchBody, request.body));
    return send(reply, resources.group(valueOf(await scim.changeGroup(tokenOf(request), idOf(request), input)), true));
  });
  app.delete("/Groups/:id", OPTIONS, async (request, reply) => {
    valueOf(await scim.removeGroup(tokenOf(request), idOf(request)));
    return reply.code(204).send();
  });
}
