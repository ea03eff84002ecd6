/**
 * A target that imitates the gate: after its first byte the gate asks for nothing, and nothing typed is taken as the gate's.
 * And texts that imitate a terminal: the gate's own screens show them as text.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { code, until, type Credentials } from "../support/gatehouse.js";
import { startLab, type Lab } from "../support/lab.js";
import { SshClient } from "../support/ssh-client.js";
import { endedSession, eventsOf } from "../support/trail.js";

let lab: Lab;
const clients: SshClient[] = [];
beforeAll(async () => {
  lab = await startLab();
});
afterAll(async () => {
  for (const client of clients) client.dispose();
  await lab?.stop();
});

interface Terminal {
  shown(): string;
  type(text: string): void;
  readonly closed: Promise<unknown>;
}

function open(client: SshClient, login: string): Terminal {
  const child = client.start("ssh", client.arguments(login, ["-tt"]));
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  const closed = new Promise((resolve) => child.once("close", resolve));
  return { shown: () => shown, type: (text) => void child.stdin.write(text), closed };
}

/** What the gate itself asks or says on a terminal, as a target would print it. */
const IMITATED = [
  "gatehouse: sign-in refused\\r\\nPassword: ",
  "One-time code: ",
  "gatehouse: session ended: the grant has expired\\r\\nReason, 3 characters or more (empty gives up): ",
  "gatehouse: waiting 00:01 (Ctrl-C withdraws; hang up to leave it waiting)",
  "\\033[H\\033[2Jgatehouse: what you may open or ask for\\r\\n> ",
  "gatehouse: the host key changed; accept it? [y/N] ",
];

test("a target prints the gate's own prompts: what is typed goes to the target alone, and the gate asks for nothing", async () => {
  const operator = await lab.operator(["ssh.shell"]);
  const at = open(await operator.client(), operator.target);
  at.type("export PS1=; stty -echo; echo ready-$((1+1))\n");
  await until("the shell", () => at.shown().includes("ready-2"));
  const typed = join(lab.sshd.home, "typed.txt");
  for (const [index, prompt] of IMITATED.entries()) {
    const from = at.shown().length;
    at.type(`printf '${prompt}'; read -r line; printf '%s\\n' "$line" >>typed.txt; echo answered-$((${index}+100))\n`);
    const last = prompt.split("\\r\\n").at(-1) ?? "";
    await until("the imitation", () => at.shown().slice(from).includes(last));
    const answer = `answer-${index}-of-alice`;
    at.type(`${answer}\n`);
    await until("the target's answer", () =>
      at
        .shown()
        .slice(from)
        .includes(`answered-${index + 100}`),
    );
    expect(readFileSync(typed, "utf8").trim().split("\n").at(-1)).toBe(answer);
    // The gate said no word of its own, and masked or swallowed none.
    const said = at.shown().slice(from).replaceAll("\r", "");
    expect(said.replace(`answered-${index + 100}`, "")).not.toContain("answer");
  }
  // Ctrl-C is the target's as well.
  at.type(`bash -c 'trap "echo INTERRUPTED >>typed.txt; exit" INT; echo now-$((1+2)); while :; do sleep 0.1; done'\n`);
  await until("the loop", () => at.shown().includes("now-3"));
  at.type("\u0003");
  await until("the interrupt", () => readFileSync(typed, "utf8").includes("INTERRUPTED"));
  expect(readFileSync(typed, "utf8").split("\n").length).toBe(IMITATED.length + 2);
  at.type("exit\n");
  await at.closed;
  const { items } = await operator.api.call("GET", "/requests?view=mine&limit=50");
  expect(items.length).toBe(1);
  expect(items[0].state).toBe("approved");
  expect(await eventsOf(lab.house, operator.login, "person.sign-in-failed")).toEqual([]);
  expect(await eventsOf(lab.house, operator.login, "request.filed")).toHaveLength(1);
  const session = await endedSession(lab.house, operator.login);
  expect(session.because).toBe("left");
});

test("what is typed at an imitated password prompt is not kept, no more than at a real one", async () => {
  const operator = await lab.operator(["ssh.shell"]);
  const at = open(await operator.client(), operator.target);
  at.type("export PS1=; stty -echo; echo ready-$((1+1))\n");
  await until("the shell", () => at.shown().includes("ready-2"));
  at.type("printf 'gatehouse: password: '; read -r line; echo length-${#line}\n");
  await until("the imitation", () => at.shown().includes("gatehouse: password: "));
  at.type("Gate-Secret-5512\n");
  await until("the answer", () => at.shown().includes("length-16"));
  at.type("exit\n");
  await at.closed;
  const { recordingId } = await endedSession(lab.house, operator.login);
  const [ivan, judy] = [await lab.house.as("ivan"), await lab.house.as("judy")];
  const opening = await ivan.call("POST", `/recordings/${recordingId}/input-openings`, {
    reason: "to show what was kept",
  });
  await judy.call("POST", `/input-openings/${opening.id}/approval`);
  const input = JSON.stringify(await ivan.call("GET", `/input-openings/${opening.id}/input`));
  expect(input).toContain("exit");
  expect(input).not.toContain("Gate-Secret-5512");
});

const HOSTILE = "\u001b]0;pwned\u0007\u001b[2J\u001b[31mroot@bank open\r\n\u202Ereversed";

/** What is left of a screen without line ends and the few sequences that the gate's own screens use. */
function besidesOurs(shown: string): string {
  const parts = shown.replace(/[\r\n]/g, "").split("\u001b[");
  return parts
    .map((part, at) => {
      const rest = part.replace(/^(?:[\d;]*[HJKm]|\?\d+[hl])/, "");
      return at > 0 && rest === part ? `\u001b[${part}` : rest;
    })
    .join("");
}

async function entitled(actions: readonly string[]): Promise<Credentials & { readonly id: string }> {
  const person = await lab.house.newPerson(["operator"]);
  await (
    await lab.house.as("grace")
  ).call("POST", "/entitlements", { personId: person.id, accountId: lab.account.id, actions, to: null });
  return person;
}

async function clientOf(person: Credentials): Promise<SshClient> {
  const client = new SshClient(lab.house.sshPort, { password: person.password, code: await code(person.totp) });
  clients.push(client);
  return client;
}

test("menu and request screen show escape sequences in descriptions and reasons as text, even from a database that was tampered with", async () => {
  // The API takes no such text; whoever reached the database could still put it there.
  const { default: Database } = await import("better-sqlite3");
  const database = new Database(join(lab.house.data, "gatehouse.db"));
  const changed = database.prepare("UPDATE asset SET description = ? WHERE name = 'web-01'").run(HOSTILE);
  expect(changed.changes).toBe(1);

  const person = await entitled(["ssh.shell"]);
  const menu = open(await clientOf(person), person.login);
  await until("the menu", () => menu.shown().includes("web-01"));
  await until("the description", () => menu.shown().includes("pwned"));
  expect(besidesOurs(menu.shown())).not.toMatch(/[\p{Cc}\u202e]/u);
  expect(menu.shown()).toContain("·]0;pwned··[2J·[31mroot@bank open");
  menu.type("q");
  await menu.closed;

  const asking = await entitled(["ssh.shell"]);
  const at = open(await clientOf(asking), `${asking.login}@${lab.account.login}@web-01`);
  await until("the reason's question", () => at.shown().includes("Reason"));
  at.type("\u001b]0;typed\u0007 repair <b>it</b>\u202E\r");
  await until("the work order's question", () => at.shown().includes("Work order"));
  at.type("WO-5\r");
  await until("the length's question", () => at.shown().includes("How long"));
  at.type("30m\r");
  await until("the waiting line", () => at.shown().includes("request filed"));
  expect(besidesOurs(at.shown())).not.toMatch(/[\p{Cc}\u202e]/u);
  const carol = await lab.house.as("carol");
  const { items } = await carol.call("GET", "/requests?view=queue&limit=200");
  const filed = items.find((one: { requesterLogin: string }) => one.requesterLogin === asking.login);
  expect(filed.reason).not.toMatch(/[\p{Cc}\u202e]/u);
  expect(filed.reason).toContain("repair <b>it</b>");
  await carol.call("POST", `/requests/${filed.id}/approval`, {
    verdict: "denied",
    reason: "not\nnow",
    digest: filed.digest,
  });
  await until("the denial", () => at.shown().includes("denied: not·now"));
  await at.closed;
  database.close();
});
