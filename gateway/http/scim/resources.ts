/** Resources as they go out (RFC 7643 §3.1, §4, §5): users, groups, listings, and what this service says of itself. */
import type { ScimGroupView, ScimUser } from "../../broker/index.js";
import { SCIM_MOST_MEMBERS, SCIM_PREFIX } from "../contract/index.js";

const SCHEMAS = "urn:ietf:params:scim:schemas:core:2.0";
const USER = `${SCHEMAS}:User`;
const GROUP = `${SCHEMAS}:Group`;
const LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

export interface Resources {
  user(user: ScimUser): object;
  group(group: ScimGroupView, withMembers: boolean): object;
  userLocation(id: string): string;
  groupLocation(id: string): string;
  readonly config: object;
  readonly types: readonly object[];
  readonly schemas: readonly object[];
}

export function listing(resources: readonly object[], total: number, startIndex: number): object {
  return { schemas: [LIST], totalResults: total, itemsPerPage: resources.length, startIndex, Resources: resources };
}

/** `publicUrl`: where clients reach us; locations begin with it. */
export function createResources(publicUrl: string): Resources {
  const at = (path: string): string => new URL(`${SCIM_PREFIX}/${path}`, publicUrl).href;
  const userLocation = (id: string): string => at(`Users/${id}`);
  const groupLocation = (id: string): string => at(`Groups/${id}`);
  return {
    userLocation,
    groupLocation,
    user: (user) => ({
      schemas: [USER],
      id: user.id,
      ...(user.externalId === null ? {} : { externalId: user.externalId }),
      userName: user.userName,
      displayName: user.displayName,
      name: { formatted: user.displayName },
      active: user.active,
      emails: user.email === null ? [] : [{ value: user.email, type: "work", primary: true }],
      groups: user.groups.map((group) => ({ ...group, $ref: groupLocation(group.value) })),
      meta: {
        resourceType: "User",
        created: new Date(user.createdAt).toISOString(),
        location: userLocation(user.id),
      },
    }),
    group: (group, withMembers) => ({
      schemas: [GROUP],
      id: group.id,
      ...(group.externalId === null ? {} : { externalId: group.externalId }),
      displayName: group.displayName,
      ...(withMembers
        ? { members: group.members.map((one) => ({ ...one, type: "User", $ref: userLocation(one.value) })) }
        : {}),
      meta: { resourceType: "Group", location: groupLocation(group.id) },
    }),
    config: serviceConfig(at),
    types: [typeOf(at, "User", "/Users", USER), typeOf(at, "Group", "/Groups", GROUP)],
    schemas: [schemaOf(at, "User", USER, USER_ATTRIBUTES), schemaOf(at, "Group", GROUP, GROUP_ATTRIBUTES)],
  };
}

function serviceConfig(at: (path: string) => string): object {
  const off = { supported: false };
  return {
    schemas: [`${SCHEMAS}:ServiceProviderConfig`],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: 200 },
    changePassword: off,
    sort: off,
    etag: off,
    authenticationSchemes: [
      {
        type: "oauthbearertoken",
        name: "Bearer token",
        description: "A token that two persons agreed on",
        primary: true,
      },
    ],
    meta: { resourceType: "ServiceProviderConfig", location: at("ServiceProviderConfig") },
  };
}

function typeOf(at: (path: string) => string, name: string, endpoint: string, schema: string): object {
  return {
    schemas: [`${SCHEMAS}:ResourceType`],
    id: name,
    name,
    endpoint,
    schema,
    schemaExtensions: [],
    meta: { resourceType: "ResourceType", location: at(`ResourceTypes/${name}`) },
  };
}

interface Attribute {
  readonly name: string;
  readonly type: "string" | "boolean" | "complex";
  readonly multiValued?: boolean;
  readonly required?: boolean;
  readonly mutability?: "readWrite" | "readOnly" | "immutable";
  readonly uniqueness?: "none" | "server";
  readonly subAttributes?: readonly Attribute[];
}

const USER_ATTRIBUTES: readonly Attribute[] = [
  { name: "userName", type: "string", required: true, mutability: "immutable", uniqueness: "server" },
  { name: "displayName", type: "string" },
  { name: "name", type: "complex", subAttributes: [{ name: "formatted", type: "string" }] },
  { name: "active", type: "boolean" },
  {
    name: "emails",
    type: "complex",
    multiValued: true,
    subAttributes: [
      { name: "value", type: "string" },
      { name: "primary", type: "boolean" },
    ],
  },
  { name: "groups", type: "complex", multiValued: true, mutability: "readOnly" },
];
const GROUP_ATTRIBUTES: readonly Attribute[] = [
  { name: "displayName", type: "string", required: true },
  {
    name: "members",
    type: "complex",
    multiValued: true,
    subAttributes: [{ name: "value", type: "string", mutability: "immutable" }],
  },
];

function described(attribute: Attribute): object {
  const { subAttributes, ...own } = attribute;
  return {
    multiValued: false,
    required: false,
    caseExact: false,
    mutability: "readWrite",
    returned: "default",
    uniqueness: "none",
    description: `${attribute.name}; at most ${String(SCIM_MOST_MEMBERS)} values where it has several`,
    ...own,
    ...(subAttributes === undefined ? {} : { subAttributes: subAttributes.map(described) }),
  };
}

function schemaOf(at: (path: string) => string, name: string, id: string, attributes: readonly Attribute[]): object {
  return {
    schemas: [`${SCHEMAS}:Schema`],
    id,
    name,
    description: name,
    attributes: attributes.map(described),
    meta: { resourceType: "Schema", location: at(`Schemas/${id}`) },
  };
}
