/**
 * Who may come as far as a route's use case. Every route declares it; one without a declaration is a bug that stops the
 * start. This is the outer wall only: each use case authorises its actor again, at the row.
 */
import type { Actor, Power, Role } from "../domain/index.js";

export type Access =
  | "public"
  /** A directory's SCIM client by its token; no person, and no route of the API. */
  | "scim-token"
  | "signed-in"
  /** Anyone who holds one of these. */
  | { readonly powers?: readonly Power[]; readonly roles?: readonly Role[] };

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
    /** Open also to who must change his password first. */
    openWhenOverdue?: true;
  }
}

/** Whether an actor passes a declaration that is about persons. */
export function mayEnter(access: Exclude<Access, "public">, actor: Actor): boolean {
  if (access === "signed-in") return true;
  if (access === "scim-token") return false;
  if (actor.power !== null && (access.powers ?? []).includes(actor.power)) return true;
  return (access.roles ?? []).some((role) => actor.roles.includes(role));
}

export interface DeclaredRoute {
  readonly method: string;
  readonly url: string;
  readonly access: Access;
}

interface RouteAsRegistered {
  readonly method: string | readonly string[];
  readonly url: string;
  readonly config?: { readonly access?: Access };
}

/** fastify's `onRoute` hook: notes every route, and throws at registration when one says nothing about who may use it. */
export function collectRoutes(routes: DeclaredRoute[]): (route: RouteAsRegistered) => void {
  return ({ method, url, config }) => {
    const access = config?.access;
    if (access === undefined) throw new Error(`the route ${String(method)} ${url} declares no access`);
    for (const one of typeof method === "string" ? [method] : method) routes.push({ method: one, url, access });
  };
}
