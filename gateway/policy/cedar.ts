/**
 * The Cedar part of a bundle: parses and validates policies against the schema once, then decides from the preparsed
 * set. A policy is known by its `@id`; a rule that errors never permits, and the default is deny.
 */
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { PolicyDecision, PolicyPerson, PolicyQuery } from "./contract.js";
import { wrong } from "./shape.js";

export type Decide = (query: PolicyQuery) => PolicyDecision;

let compiled = 0;

/** Throws when schema or policies do not parse or validate, or an id is missing or taken. `files`: name → Cedar text. */
export function compileCedar(schema: string, files: ReadonlyMap<string, string>): Decide {
  refuse("schema.cedarschema", cedar.checkParseSchema(schema));
  const staticPolicies: Record<string, string> = {};
  for (const [name, source] of files) addPolicies(staticPolicies, name, source);
  validate(schema, staticPolicies);
  compiled += 1;
  const set = `gatehouse-${String(compiled)}`;
  refuse("schema.cedarschema", cedar.preparseSchema(set, schema));
  refuse("policies", cedar.preparsePolicySet(set, { staticPolicies }));
  return (query) => decide(set, query);
}

function addPolicies(into: Record<string, string>, file: string, source: string): void {
  const parts = cedar.policySetTextToParts(source);
  if (parts.type === "failure") throw wrong(file, messages(parts.errors));
  if (parts.policy_templates.length > 0) throw wrong(file, "templates are not used here");
  if (parts.policies.length === 0) throw wrong(file, "there is no policy in it");
  for (const policy of parts.policies) {
    const json = cedar.policyToJson(policy);
    if (json.type === "failure") throw wrong(file, messages(json.errors));
    const id = json.json.annotations?.["id"];
    if (id === undefined || !/^[a-z][a-z0-9-]{0,62}$/.test(id))
      throw wrong(file, "a policy has no @id, or not one in kebab-case");
    if (id === "default-deny" || id === "error" || Object.hasOwn(into, id)) throw wrong(file, `the id ${id} is taken`);
    into[id] = policy;
  }
}

function validate(schema: string, staticPolicies: Record<string, string>): void {
  const answer = cedar.validate({ schema, policies: { staticPolicies } });
  if (answer.type === "failure") throw wrong("policies", messages(answer.errors));
  const [first] = [...answer.validationErrors, ...answer.validationWarnings];
  if (first !== undefined) throw wrong(first.policyId, first.error.message);
  const [other] = answer.otherWarnings;
  if (other !== undefined) throw wrong("policies", other.message);
}

function refuse(place: string, answer: cedar.CheckParseAnswer): void {
  if (answer.type === "failure") throw wrong(place, messages(answer.errors));
}

function messages(errors: readonly cedar.DetailedError[]): string {
  return errors.map((error) => error.message).join("; ");
}

function decide(set: string, query: PolicyQuery): PolicyDecision {
  const { resource, context } = asked(query);
  const principal = personEntity(query.person);
  const answer = cedar.statefulIsAuthorized({
    principal: principal.uid,
    action: { type: "Action", id: query.act },
    resource: resource.uid,
    context,
    preparsedSchemaName: set,
    validateRequest: true,
    preparsedPolicySetId: set,
    // INVARIANT: one entity an id; a person who is also the resource is handed in once.
    entities:
      query.act !== "request" && query.act !== "use" && sameUid(principal, resource)
        ? [principal]
        : [principal, resource],
  });
  if (answer.type === "failure") return { allowed: false, decidedBy: ["error"] };
  const { decision, diagnostics } = answer.response;
  if (diagnostics.errors.length > 0) {
    return { allowed: false, decidedBy: ["error", ...diagnostics.errors.map((error) => error.policyId).sort()] };
  }
  const decidedBy = [...diagnostics.reason].sort();
  return { allowed: decision === "allow", decidedBy: decidedBy.length === 0 ? ["default-deny"] : decidedBy };
}

interface Entity {
  readonly uid: cedar.TypeAndId;
  readonly attrs: Record<string, cedar.CedarValueJson>;
  readonly parents: [];
}

function sameUid(a: Entity, b: Entity): boolean {
  return a.uid.type === b.uid.type && a.uid.id === b.uid.id;
}

function personEntity(person: PolicyPerson): Entity {
  return {
    uid: { type: "Person", id: person.id },
    attrs: {
      unit: person.unitId,
      vendorChain: [...person.vendorChain],
      roles: [...person.roles],
      power: person.power ?? "none",
    },
    parents: [],
  };
}

function accountEntity(account: { readonly id: string; readonly unitId: string; readonly assetId: string }): Entity {
  return {
    uid: { type: "Account", id: account.id },
    attrs: { unit: account.unitId, asset: account.assetId },
    parents: [],
  };
}

function asked(query: PolicyQuery): { readonly resource: Entity; readonly context: cedar.Context } {
  switch (query.act) {
    case "request": {
      const { action, entitled, durationMs } = query;
      return {
        resource: accountEntity(query.account),
        context: { action, entitled, durationMs: Math.trunc(durationMs) },
      };
    }
    case "use": {
      const { action, granted, grantLive } = query;
      return { resource: accountEntity(query.account), context: { action, granted, grantLive } };
    }
    case "approve":
      return { resource: personEntity(query.requester), context: { already: query.already } };
    case "watch":
    case "stop":
    case "replay":
    case "export":
    case "search":
    case "open-input":
      return { resource: personEntity(query.owner), context: {} };
  }
}
