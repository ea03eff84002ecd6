/**
 * A real installation that grows from its one-time link: no demo, one clock that a test moves, a real sshd as its asset.
 * People are made, confirmed, enrolled and signed in over the API, as administrators and their people would; each
 * one-time code is of a step of its own, for which the clock goes on by half a minute where it must.
 */
import { generate } from "otplib";
import { startClockShift, type ClockShift } from "./clock-shift.js";
import { Api, startGatehouse, until, type Credentials, type Gatehouse } from "./gatehouse.js";
import { SshClient, type Finished } from "./ssh-client.js";
import { startSshd, type TestSshd } from "./sshd.js";

const STEP_MS = 30_000;

/** Someone who is enrolled and signed in. */
export interface Member extends Credentials {
  readonly id: string;
  readonly api: Api;
}

/** What `POST /people` takes; `unitId` and the bonds as ids. */
interface Newcomer {
  readonly login: string;
  readonly power?: "system" | "security" | "audit";
  readonly roles?: readonly ("operator" | "approver" | "confirmer")[];
  readonly [bond: string]: unknown;
}

export interface Target {
  readonly assetId: string;
  readonly accountId: string;
  /** `account@asset`, as typed after the person's login. */
  readonly name: string;
}

export interface Running {
  /** What it said so far. */
  stdout(): string;
  /** Resolves with the moment by the clock at which ssh was gone. */
  readonly over: Promise<number>;
}

export interface Organisation {
  readonly house: Gatehouse;
  readonly clock: ClockShift;
  readonly sshd: TestSshd;
  /** The first security administrator, by the link that was printed. */
  bootstrap(login: string, locale: "zh-CN" | "en"): Promise<Member>;
  /** Made by `by`; what needs a second person is confirmed by `second`. Operators have signed. */
  add(by: Member, who: Newcomer, second?: Member): Promise<Member>;
  /** Only made: the answer of the API. */
  make(by: Member, who: Newcomer): Promise<Made>;
  /** Confirmed by `second`; each of the two hands over his part of the link. */
  agree(by: Member, second: Member, proposal: NonNullable<Made["proposal"]>): Promise<Link>;
  enrol(made: Made): Promise<Member>;
  /** Shows both factors again: the same member with a new page session. */
  again(member: Member): Promise<Member>;
  /** A one-time code that was not used yet. */
  code(member: Credentials): Promise<string>;
  /** Registers the sshd as an asset of the unit of `system`. */
  target(system: Member, name: string): Promise<Target>;
  /** Entitled by `security`, asked for by the operator, approved: answers the grant's id. */
  grant(who: { operator: Member; security: Member; approver: Member }, target: Target, ms?: number): Promise<string>;
  ssh(member: Member, target: Target, command: string): Promise<Finished>;
  /** A command that goes on; resolves once its first line arrived. */
  keepRunning(member: Member, target: Target, command?: string): Promise<Running>;
  stop(): Promise<void>;
}

export interface Made {
  readonly person: { readonly id: string; readonly login: string; readonly power: string | null };
  /** Null where two persons are to give the link. */
  readonly enrolmentToken: string | null;
  /** The second part, where the token is of a link that has two. */
  readonly secondPart?: string;
  readonly proposal: { readonly id: string; readonly digest: string } | null;
}

type Link = Required<Pick<Made, "enrolmentToken" | "secondPart">>;

const ACTIONS = ["ssh.shell", "ssh.exec"] as const;

/** Signs what an operator must have signed. */
async function signDeclarations(api: Api): Promise<void> {
  const { items } = await api.call<{ items: { kind: string; digest: string }[] }>("GET", "/declarations?locale=en");
  for (const { kind, digest } of items)
    await api.call("POST", `/declarations/${kind}/signature`, { digest, locale: "en" });
}

export async function startOrganisation(env: Record<string, string> = {}): Promise<Organisation> {
  const clock = startClockShift();
  const sshd = await startSshd();
  const allowed = { GATEHOUSE_ALLOW_TARGETS: `127.0.0.1:${sshd.port}` };
  const house = await startGatehouse({ demo: false, env: { ...clock.env, ...allowed, ...env } }).catch(
    async (error: unknown) => {
      await sshd.stop();
      clock.stop();
      throw error;
    },
  );
  const clients: SshClient[] = [];
  const children: { readonly pid?: number | undefined }[] = [];
  const steps = new Map<string, number>();

  const codeOf = async ({ totp }: Pick<Credentials, "totp">): Promise<string> => {
    const now = Math.floor(clock.now() / STEP_MS);
    const step = Math.max((steps.get(totp) ?? 0) + 1, now);
    if (step > now + 1) await clock.move((step - now - 1) * STEP_MS);
    steps.set(totp, step);
    return generate({ secret: totp, epoch: (step * STEP_MS) / 1000 });
  };
  const enter = async (who: Credentials): Promise<Api> =>
    new Api(house.http).enter({ login: who.login, password: who.password, code: await codeOf(who) });
  const enrol = async (made: Made): Promise<Member> => {
    const nobody = new Api(house.http);
    const { enrolmentToken: token, secondPart } = made;
    const link = { token, ...(secondPart === undefined ? {} : { secondPart }) };
    const { login, secret } = await nobody.call("POST", "/auth/enrolment", link);
    const password = `Quiet-${Math.random().toString(36).slice(2)}-Heron-7`;
    const who = { id: made.person.id, login: login as string, password, totp: secret as string };
    await nobody.call("POST", "/auth/enrolment/completion", { ...link, secret, password, code: await codeOf(who) });
    return { ...who, api: await enter(who) };
  };
  const make = (by: Member, { login, power, roles, ...bonds }: Newcomer): Promise<Made> =>
    by.api.call("POST", "/people", {
      login,
      displayName: `Person ${login}`,
      locale: "en",
      power: power ?? null,
      roles: roles ?? [],
      ...bonds,
    });
  const agree = async (by: Member, second: Member, { id, digest }: NonNullable<Made["proposal"]>): Promise<Link> => {
    const confirmed = await second.api.call("POST", `/proposals/${id}/confirmation`, { digest });
    const { steppedUpUntil } = await by.api.call<{ steppedUpUntil: number | null }>("GET", "/me");
    if ((steppedUpUntil ?? 0) <= clock.now())
      await by.api.call("POST", "/me/step-up", { kind: "code", code: await codeOf(by) });
    const { secret } = await by.api.call("POST", `/proposals/${id}/secret`);
    return { enrolmentToken: secret, secondPart: confirmed.secret };
  };
  const clientOf = async (member: Member): Promise<SshClient> => {
    const client = new SshClient(house.sshPort, { password: member.password, code: await codeOf(member) });
    clients.push(client);
    return client;
  };

  return {
    house,
    clock,
    sshd,
    make,
    agree,
    enrol,
    code: codeOf,
    async bootstrap(login, locale) {
      const link = await until("the link", () => /\/bootstrap#token=(\S+)/.exec(house.output())?.[1]);
      const token = decodeURIComponent(link);
      const first = { token, login, displayName: `Person ${login}`, locale };
      const { enrolmentToken } = await new Api(house.http).call("POST", "/auth/bootstrap", first);
      const member = await enrol({ person: { id: "", login, power: "security" }, enrolmentToken, proposal: null });
      return { ...member, id: (await member.api.call("GET", "/me")).id };
    },
    async add(by, who, second) {
      const made = await make(by, who);
      if (made.proposal !== null && second === undefined) throw new Error(`${who.login} needs a second person`);
      const link = made.proposal === null ? {} : await agree(by, second as Member, made.proposal);
      const member = await enrol({ ...made, ...link });
      if (who.roles?.includes("operator") === true) await signDeclarations(member.api);
      return member;
    },
    again: async (member) => ({ ...member, api: await enter(member) }),
    async target({ api }, name) {
      const place = { name, protocol: "ssh", host: "127.0.0.1", port: sshd.port };
      const asset = await api.call("POST", "/assets", { ...place, description: "", legacyAlgorithms: false });
      const { publicKey } = await api.call("POST", `/assets/${asset.id}/host-key-scan`);
      await api.call("POST", `/assets/${asset.id}/host-key`, { publicKey });
      const account = await api.call("POST", "/accounts", { assetId: asset.id, login: sshd.login });
      await api.call("PUT", `/accounts/${account.id}/credential`, { kind: "key", secret: sshd.privateKey });
      return { assetId: asset.id, accountId: account.id, name: `${sshd.login}@${name}` };
    },
    async grant({ operator, security, approver }, { accountId }, ms = 3_600_000) {
      const held = await operator.api.call("GET", "/me/access");
      if (!held.items.some((one: { accountId: string }) => one.accountId === accountId))
        await security.api.call("POST", "/entitlements", {
          personId: operator.id,
          accountId,
          actions: ACTIONS,
          to: null,
        });
      const { id, digest } = await operator.api.call("POST", "/requests", {
        items: [{ accountId, actions: ACTIONS }],
        reason: "the weekly patching",
        workOrder: "WO-9",
        durationMs: ms,
      });
      const yes = { verdict: "approved", reason: "planned", digest };
      return (await approver.api.call("POST", `/requests/${id}/approval`, yes)).grants[0].id;
    },
    async ssh(member, target, command) {
      return (await clientOf(member)).ssh(`${member.login}@${target.name}`, [command]);
    },
    async keepRunning(member, target, command = "while echo tick; do sleep 0.1; done") {
      const client = await clientOf(member);
      const child = client.start("ssh", client.arguments(`${member.login}@${target.name}`).concat(command));
      children.push(child);
      let said = "";
      let complaint = "";
      child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
      child.stderr.on("data", (bytes: Buffer) => (complaint += bytes.toString()));
      const over = new Promise<number>((resolve) => child.once("close", () => resolve(clock.now())));
      await until("the first line", () => {
        if (child.exitCode !== null) throw new Error(`ssh ended: ${complaint}`);
        return said !== "";
      });
      return { stdout: () => said, over };
    },
    async stop() {
      for (const { pid } of children) {
        try {
          if (pid !== undefined) process.kill(-pid, "SIGKILL");
        } catch {
          // It ended by itself, as it should.
        }
      }
      for (const client of clients) client.dispose();
      await house.stop();
      await sshd.stop();
      clock.stop();
    },
  };
}

/** For what the gate does once a minute: asked once a second, which a page may. */
export function inAMinute<T>(what: string, probe: () => Promise<T | undefined | false>): Promise<T> {
  const slowly = async (): Promise<T | undefined | false> => {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return probe();
  };
  return until(what, slowly, 150_000);
}

/** Every item of a listing, page by page. */
export async function everyItem<T>(api: Api, path: string): Promise<readonly T[]> {
  const items: T[] = [];
  const joint = path.includes("?") ? "&" : "?";
  for (let cursor = ""; ;) {
    const more = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await api.call<{ items: T[]; next: string | null }>("GET", `${path}${joint}limit=200${more}`);
    items.push(...page.items);
    if (page.next === null) return items;
    cursor = page.next;
  }
}

/** What the log says of one verb, oldest first, as the auditor reads it. */
export async function told(
  auditor: Member,
  verb: string,
): Promise<readonly { readonly objectId: string; readonly actorId: string | null; readonly detail: Detail }[]> {
  const rows = await everyItem<{ leaf: string; objectId: string; actorId: string | null; seq: number | null }>(
    auditor.api,
    `/audit/events?verb=${verb}`,
  );
  return rows
    .map(({ leaf, objectId, actorId }) => ({
      objectId,
      actorId,
      detail: (JSON.parse(leaf) as { detail: Detail }).detail,
    }))
    .reverse();
}
type Detail = Readonly<Record<string, unknown>>;
