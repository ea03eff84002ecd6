/**
 * A real LDAP directory for tests: Debian's slapd with its own configuration, certificate and database in a temporary folder,
 * on free ports of loopback, as the system's user `openldap`. It takes a bind with an empty password for anonymous and answers
 * success, as many directories do: whoever binds for a login must refuse the empty password himself. Needs root.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Attribute, Change, Client, NoSuchObjectError } from "ldapts";
import { freePort } from "./free-port.js";
import { untilListening } from "./sshd.js";

export interface DirectoryPerson {
  readonly uid: string;
  readonly cn: string;
  readonly mail: string;
  readonly password: string;
}

export interface TestSlapd {
  /** `ldap://localhost:PORT`; also speaks StartTLS. */
  readonly url: string;
  /** `ldaps://localhost:PORT`. */
  readonly ldapsUrl: string;
  /** The port behind `url`. */
  readonly port: number;
  /** File with the authority that signed its certificate, PEM; the certificate says `localhost` and 127.0.0.1. */
  readonly caFile: string;
  /** A reader who sees everything but passwords; nobody else sees more than himself. */
  readonly bindDn: string;
  readonly bindPassword: string;
  readonly baseDn: "dc=example,dc=org";
  readonly peopleDn: string;
  readonly groupsDn: string;
  /** An `inetOrgPerson` under `peopleDn`; answers its DN. */
  addPerson(person: DirectoryPerson): Promise<string>;
  /** The person goes; groups go on naming him. */
  removePerson(uid: string): Promise<void>;
  /** Replaces attributes, e.g. `{ mail: "new@example.org" }`; an empty list takes one away. */
  changePerson(uid: string, attributes: Readonly<Record<string, string | string[]>>): Promise<void>;
  changePassword(uid: string, password: string): Promise<void>;
  /** Another `uid`, the same entry: its DN changes, its `entryUUID` does not. Answers the new DN. */
  renamePerson(uid: string, to: string): Promise<string>;
  /** A `groupOfNames` under `groupsDn` with just these members, who carry it as `memberOf` too; with none it goes. */
  setGroup(name: string, uids: readonly string[]): Promise<void>;
  /** Stops it in its tracks: connections are taken and nothing is said. */
  pause(): void;
  goOn(): void;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Listens again after `kill`, on the same ports and data. */
  restart(): Promise<void>;
  /** What it logged: connections, binds and searches. */
  log(): string;
  stop(): Promise<void>;
}

const BASE = "dc=example,dc=org";
const PEOPLE = `ou=people,${BASE}`;
const GROUPS = `ou=groups,${BASE}`;
const ADMIN = `cn=admin,${BASE}`;
const READER = `cn=reader,${BASE}`;
const personDn = (uid: string): string => `uid=${uid},${PEOPLE}`;
const groupDn = (name: string): string => `cn=${name},${GROUPS}`;

function configuration(folder: string, adminPassword: string): string {
  return [
    ...["core", "cosine", "inetorgperson"].map((schema) => `include /etc/ldap/schema/${schema}.schema`),
    "modulepath /usr/lib/ldap",
    "moduleload back_mdb",
    "moduleload memberof",
    "allow bind_anon_cred bind_anon_dn",
    `pidfile ${join(folder, "pid")}`,
    `TLSCACertificateFile ${join(folder, "ca.pem")}`,
    `TLSCertificateFile ${join(folder, "server.pem")}`,
    `TLSCertificateKeyFile ${join(folder, "server.key")}`,
    "TLSVerifyClient never",
    "database mdb",
    "maxsize 67108864",
    `suffix "${BASE}"`,
    `rootdn "${ADMIN}"`,
    `rootpw ${adminPassword}`,
    `directory ${join(folder, "data")}`,
    "dbnosync",
    "index objectClass,uid,mail,member,entryUUID eq",
    "access to attrs=userPassword by anonymous auth by * none",
    `access to * by dn.exact="${READER}" read by self read by * none`,
    "overlay memberof",
    "",
  ].join("\n");
}

/** An authority of its own, and a certificate for loopback that it signed. */
function makeCertificates(folder: string): void {
  const openssl = (...args: readonly string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  };
  const newKey = ["-newkey", "rsa:2048", "-nodes", "-days", "30"];
  const names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
  openssl("req", "-x509", ...newKey, "-subj", "/CN=directory authority", "-keyout", "ca.key", "-out", "ca.pem");
  openssl("req", ...newKey, "-subj", "/CN=localhost", "-addext", names, "-keyout", "server.key", "-out", "server.csr");
  const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-copy_extensions", "copy"];
  openssl("x509", "-req", "-in", "server.csr", ...signing, "-out", "server.pem");
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once("exit", resolve));
  // What is paused takes no other signal.
  server.kill("SIGCONT");
  server.kill(signal);
  await ended;
}

/** Does something as the directory's own administrator, over a connection of its own. */
async function administer<T>(url: string, password: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ url, timeout: 10_000, connectTimeout: 10_000 });
  try {
    await client.bind(ADMIN, password);
    return await work(client);
  } finally {
    await client.unbind();
  }
}

async function plant(client: Client, readerPassword: string): Promise<void> {
  await client.add(BASE, { objectClass: ["top", "dcObject", "organization"], dc: "example", o: "Example" });
  for (const dn of [PEOPLE, GROUPS]) await client.add(dn, { objectClass: ["top", "organizationalUnit"] });
  const reader = { objectClass: ["top", "organizationalRole", "simpleSecurityObject"], userPassword: readerPassword };
  await client.add(READER, reader);
}

function replacement(type: string, values: string | readonly string[]): Change {
  return new Change({ operation: "replace", modification: new Attribute({ type, values: [values].flat() }) });
}

export async function startSlapd(): Promise<TestSlapd> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-slapd-"));
  const [adminPassword, bindPassword] = [randomBytes(12).toString("hex"), randomBytes(12).toString("hex")];
  mkdirSync(join(folder, "data"));
  makeCertificates(folder);
  writeFileSync(join(folder, "slapd.conf"), configuration(folder, adminPassword));
  execFileSync("chown", ["-R", "openldap:openldap", folder]);
  // The authority's file is read by whoever tests.
  chmodSync(folder, 0o755);
  const [port, tlsPort] = [await freePort(), await freePort()];
  const said: string[] = [];
  const launch = async (): Promise<ChildProcess> => {
    const listeners = `ldap://127.0.0.1:${port}/ ldaps://127.0.0.1:${tlsPort}/`;
    // A log level keeps it in the foreground.
    const args = ["-f", join(folder, "slapd.conf"), "-h", listeners, "-d", "stats"];
    const child = spawn("/usr/sbin/slapd", [...args, "-u", "openldap", "-g", "openldap"], {
      cwd: "/",
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr.on("data", (chunk: Buffer) => said.push(chunk.toString()));
    await untilListening(port).catch((problem: unknown) => {
      child.kill("SIGKILL");
      throw new Error(`slapd did not start:\n${said.join("")}`, { cause: problem });
    });
    return child;
  };
  let server = await launch();
  const atExit = (): void => void server.kill("SIGKILL");
  process.once("exit", atExit);
  const url = `ldap://localhost:${port}`;
  const asAdmin = <T>(work: (client: Client) => Promise<T>): Promise<T> => administer(url, adminPassword, work);
  const modify = (dn: string, changes: Change[]): Promise<void> => asAdmin((client) => client.modify(dn, changes));
  await asAdmin((client) => plant(client, bindPassword));
  return {
    url,
    ldapsUrl: `ldaps://localhost:${tlsPort}`,
    port,
    caFile: join(folder, "ca.pem"),
    bindDn: READER,
    bindPassword,
    baseDn: BASE,
    peopleDn: PEOPLE,
    groupsDn: GROUPS,
    async addPerson({ uid, cn, mail, password }) {
      const entry = { objectClass: ["top", "inetOrgPerson"], uid, cn, sn: cn, mail, userPassword: password };
      await asAdmin((client) => client.add(personDn(uid), entry));
      return personDn(uid);
    },
    removePerson: (uid) => asAdmin((client) => client.del(personDn(uid))),
    changePerson: (uid, attributes) =>
      modify(
        personDn(uid),
        Object.entries(attributes).map(([type, values]) => replacement(type, values)),
      ),
    changePassword: (uid, password) => modify(personDn(uid), [replacement("userPassword", password)]),
    async renamePerson(uid, to) {
      await asAdmin((client) => client.modifyDN(personDn(uid), personDn(to)));
      return personDn(to);
    },
    setGroup: (name, uids) =>
      asAdmin(async (client) => {
        await client.del(groupDn(name)).catch((problem: unknown) => {
          if (!(problem instanceof NoSuchObjectError)) throw problem;
        });
        const member = uids.map(personDn);
        if (uids.length > 0) await client.add(groupDn(name), { objectClass: ["top", "groupOfNames"], member });
      }),
    pause: () => void server.kill("SIGSTOP"),
    goOn: () => void server.kill("SIGCONT"),
    kill: () => end(server, "SIGKILL"),
    async restart() {
      await end(server, "SIGKILL");
      server = await launch();
    },
    log: () => said.join(""),
    async stop() {
      await end(server, "SIGTERM");
      process.removeListener("exit", atExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
