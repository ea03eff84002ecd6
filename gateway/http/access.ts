/**
 * Who may come as far as a route's use case. Every route declares it; one without a declaration is a bug that stops the
 * start. This is the outer wall only: each use case authorises its actor again, at the row.
 */
import type { Actor, Power, Role } from "../domain/index.js";

export type Access =
  | "public"
  | "signed-in"
  /** Anyone who holds one of these. */
  | { readonly powers?: readonly Power[]; readonly roles?: readonly Role[] };

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
  }
}

/** Whether an actor passes a declaration that is not `public`. */
export function mayEnter(access: Exclude<Access, "public">, actor: Actor): boolean {
  if (access === "signed-in") return true;
  if (actor.power !== null && (access.powers ?? []).includes(actor.power)) return true;
  return (access.roles ?? []).some((role) => actor.roles.includes(role));
}

/** fastify's `onRoute` hook: throws at registration when a route says nothing about who may use it. */
export function requireDeclaration(route: {
  readonly method: string | readonly string[];
  readonly url: string;
  readonly config?: { access?: Access };
}): void {
  if (route.config?.access === undefined) {
    throw new Error(`the route ${String(route.method)} ${route.url} declares no access`);
  }
}
