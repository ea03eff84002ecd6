/**
 * Directories as the configuration names them: reads secrets and certificates from the files it points to, and refuses at the
 * start what is half said or would be spoken in the clear. Nothing is connected before somebody signs in.
 */
import { readFileSync } from "node:fs";
import { GatehouseError, type Clock, type LdapPort, type OidcPort } from "../domain/index.js";
import { createLdap } from "./ldap.js";
import { createOidc } from "./oidc.js";

/** The configuration's keys of this room. */
export interface DirectoriesConfig {
  readonly oidcIssuer?: string | undefined;
  readonly oidcClientId?: string | undefined;
  readonly oidcClientSecretFile?: string | undefined;
  readonly oidcName: string;
  readonly oidcGroupsClaim: string;
  readonly oidcSecondFactor: readonly string[];
  readonly ldapUrl?: string | undefined;
  readonly ldapStartTls: boolean;
  readonly ldapCaFile?: string | undefined;
  readonly ldapBindDn?: string | undefined;
  readonly ldapBindPasswordFile?: string | undefined;
  readonly ldapBaseDn?: string | undefined;
  readonly ldapLoginAttribute: string;
  readonly ldapGroupBaseDn?: string | undefined;
  readonly operatorGroups: readonly string[];
  readonly justInTime: boolean;
  readonly directoryCheckSeconds: number;
  readonly directoryGraceMinutes: number;
}

export interface OpenedDirectories {
  readonly oidc: OidcPort | null;
  readonly ldap: LdapPort | null;
  readonly operatorGroups: readonly string[];
  readonly justInTime: boolean;
  readonly checkMs: number;
  readonly graceMs: number;
}

/** Throws `invalid-input`, with a sentence for people, for a directory that is configured by halves or unsafely. */
export function openDirectories(config: DirectoriesConfig, clock: Pick<Clock, "monotonicUs">): OpenedDirectories {
  return {
    oidc: openOidc(config, clock),
    ldap: openLdap(config),
    operatorGroups: config.operatorGroups,
    justInTime: config.justInTime,
    checkMs: config.directoryCheckSeconds * 1_000,
    graceMs: config.directoryGraceMinutes * 60_000,
  };
}

function half(what: string): GatehouseError {
  return new GatehouseError("invalid-input", `the configuration of ${what}`);
}

function read(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new GatehouseError("invalid-input", `${what} cannot be read from ${path}`, cause);
  }
}

function openOidc(config: DirectoriesConfig, clock: Pick<Clock, "monotonicUs">): OidcPort | null {
  const { oidcIssuer: issuer, oidcClientId: clientId, oidcClientSecretFile: file } = config;
  if (issuer === undefined) {
    if (clientId !== undefined || file !== undefined) throw half("openid connect names no GATEHOUSE_OIDC_ISSUER");
    return null;
  }
  if (clientId === undefined) throw half("openid connect names no GATEHOUSE_OIDC_CLIENT_ID");
  return createOidc(
    {
      name: config.oidcName,
      issuer,
      clientId,
      clientSecret: file === undefined ? undefined : read(file, "the openid client's secret"),
      groupsClaim: config.oidcGroupsClaim,
      secondFactor: config.oidcSecondFactor,
    },
    clock,
  );
}

function openLdap(config: DirectoriesConfig): LdapPort | null {
  const { ldapUrl: url, ldapBindDn: bindDn, ldapBindPasswordFile: file, ldapBaseDn: baseDn } = config;
  if (url === undefined) {
    if (bindDn !== undefined || file !== undefined || baseDn !== undefined)
      throw half("ldap names no GATEHOUSE_LDAP_URL");
    return null;
  }
  if (bindDn === undefined || file === undefined || baseDn === undefined)
    throw half("ldap needs GATEHOUSE_LDAP_BIND_DN, GATEHOUSE_LDAP_BIND_PASSWORD_FILE and GATEHOUSE_LDAP_BASE_DN");
  const bindPassword = read(file, "the reader's password");
  if (bindPassword === "") throw half("ldap has an empty password for its reader");
  return createLdap({
    url,
    startTls: config.ldapStartTls,
    ca: config.ldapCaFile === undefined ? undefined : read(config.ldapCaFile, "the directory's authority"),
    bindDn,
    bindPassword,
    baseDn,
    loginAttribute: config.ldapLoginAttribute,
    groupBaseDn: config.ldapGroupBaseDn,
  });
}
