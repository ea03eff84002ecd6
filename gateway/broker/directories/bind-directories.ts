/** Binds the use cases of directories to what they stand on. Only names and arguments; no rule lives here. */
import type { DirectoryUseCases, ScimUseCases } from "../broker.js";
import type { DirectoryDeps } from "./deps.js";
import { finishOidc } from "./finish-oidc.js";
import { link, links, unlink } from "./manage-links.js";
import { enter } from "./scim/enter.js";
import { changeGroup, createGroup, removeGroup } from "./scim/groups.js";
import { getGroup, getUser, listGroups, listUsers } from "./scim/list.js";
import { changeUser, createUser, removeUser } from "./scim/users.js";
import { proposeScimToken, retireScimToken, scimTokens } from "./scim-tokens.js";
import { enrolByLdap } from "./sign-in-ldap.js";
import { beginOidc, completeOidc } from "./sign-in-oidc.js";

/** `throttle`: the one that every way in counts in. */
export function bindDirectories(deps: DirectoryDeps): DirectoryUseCases {
  const { oidc, ldap, justInTime } = deps.directories;
  return {
    offers: () => ({
      oidc: oidc === null ? null : { name: oidc.name },
      ldap: ldap !== null,
      firstTime: justInTime && ldap !== null,
    }),
    beginOidc: (input) => beginOidc(deps, input),
    completeOidc: (input) => completeOidc(deps, input),
    finishOidc: (input) => finishOidc(deps, input),
    enrolByLdap: (input) => enrolByLdap(deps, input),
    links: (actor, personId) => links(deps, actor, personId),
    link: (actor, personId, input) => link(deps, actor, personId, input),
    unlink: (actor, id) => unlink(deps, actor, id),
    proposeScimToken: (actor, input) => proposeScimToken(deps, actor, input),
    scimTokens: (actor) => scimTokens(deps, actor),
    retireScimToken: (actor, id) => retireScimToken(deps, actor, id),
    scim: bindScim(deps),
  };
}

function bindScim(deps: DirectoryDeps): ScimUseCases {
  return {
    enter: (bearer, sourceAddress) => enter(deps, bearer, sourceAddress),
    listUsers: (token, question) => listUsers(deps, token, question),
    getUser: (token, id) => getUser(deps, token, id),
    createUser: (token, input) => createUser(deps, token, input),
    changeUser: (token, id, input) => changeUser(deps, token, id, input),
    removeUser: (token, id) => removeUser(deps, token, id),
    listGroups: (token, question) => listGroups(deps, token, question),
    getGroup: (token, id) => getGroup(deps, token, id),
    createGroup: (token, input) => createGroup(deps, token, input),
    changeGroup: (token, id, input) => changeGroup(deps, token, id, input),
    removeGroup: (token, id) => removeGroup(deps, token, id),
  };
}
