/**
 * The whole life of a contractor, in two real browsers and with real ssh, scp and rsync: entered under a contract, imported, enrolled,
 * approved from the browser, working by a device key, and gone within two seconds when the contract is ended.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser, signInPage, visit, type Visit } from "../support/browser.js";
import { lastCode, ROOT, until, type Credentials } from "../support/gatehouse.js";
import { startLab, type Lab } from "../support/lab.js";
import { finish, SshClient } from "../support/ssh-client.js";
import { addVirtualAuthenticator } from "../support/virtual-authenticator.js";

const SHOTS = join(ROOT, "test", ".artifacts", "pages");
const CONTRACT = "HT-2026-117";
const PRIME = "华信集成有限公司";
const SUB = "蓝桥运维工作室";
const LOGIN = "zhangmin";
const PASSWORD = "Quiet-herons-7-ponds";

let lab: Lab;
let browser: Browser;
let office: Visit;
let outside: Visit;
let home: string;
let totp = "";
const children: ChildProcess[] = [];

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  home = mkdtempSync(join(tmpdir(), "gatehouse-life-"));
  lab = await startLab();
  browser = await openBrowser();
  office = await visit(browser, { locale: "en" });
  outside = await visit(browser, { locale: "en" });
});
afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill("SIGKILL");
  await browser?.close();
  await lab?.stop();
  rmSync(home, { recursive: true, force: true });
});

const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
const shot = (page: Page, name: string): Promise<Buffer> => page.screenshot({ path: join(SHOTS, `life-${name}.png`) });
const credentials = (): Credentials => ({ login: LOGIN, password: PASSWORD, totp });
/** A tick by its words, as a hand would set it. */
const tick = (page: Page, words: string | RegExp): Promise<void> =>
  page.locator("label.el-checkbox", { hasText: words }).first().click();
/** As the page itself would ask: same cookie, same origin. */
async function ask<T>(page: Page, method: string, path: string, body?: unknown): Promise<T> {
  return page.evaluate(
    async ([verb, url, sent]) => {
      const response = await fetch(`/api/v1${url}`, {
        method: verb,
        headers: { "x-gatehouse": "1", ...(sent === undefined ? {} : { "content-type": "application/json" }) },
        ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${String(verb)} ${String(url)}: ${response.status} ${text}`);
      return text === "" ? undefined : JSON.parse(text);
    },
    [method, path, body] as const,
  ) as Promise<T>;
}

test("the security administrator enters vendor, sub-contractor and contract, and files the security duties", async () => {
  const { page, faults } = office;
  const grace = lab.house.people.get("grace");
  if (grace === undefined) throw new Error("the demo has no grace");
  await signInPage(page, lab.house.http, grace, 1);
  await page.goto(`${lab.house.http}/register?tab=vendors`);
  for (const [name, parent] of [
    [PRIME, ""],
    [SUB, PRIME],
  ] as const) {
    await page.getByRole("button", { name: "Enter a vendor" }).click();
    await page.locator("#vendor-name").fill(name);
    if (parent !== "") await page.locator("#vendor-parent").selectOption({ label: parent });
    await shot(page, "vendor-form");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("rowheader", { name, exact: true }).waitFor();
  }
  await page.goto(`${lab.house.http}/register?tab=contracts`);
  await page.getByRole("button", { name: "Enter a contract" }).click();
  await page.locator("#contract-number").fill(CONTRACT);
  await page.locator("#contract-vendor").selectOption({ label: PRIME });
  await page.locator("#contract-title").fill("Operation of the web servers");
  await page.locator("#contract-from").fill(day(-1));
  await page.locator("#contract-to").fill(day(30));
  await page.locator("#contract-owner").selectOption({ label: "Carol (approver) (carol)" });
  for (const word of ["web-01", "Shell", "Run commands", "Read files", "Write files"]) await tick(page, word);
  await shot(page, "contract-form");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("rowheader", { name: new RegExp(CONTRACT) }).waitFor();
  const duties = join(home, "security-duties.pdf");
  writeFileSync(duties, "%PDF-1.4 the duties, signed\n");
  const row = page.getByRole("row", { name: new RegExp(CONTRACT) });
  await row.locator("input[type=file]").setInputFiles(duties);
  await page.getByText("security-duties.pdf").waitFor();
  await shot(page, "contracts");
  expect(faults).toEqual([]);
});

test("a file with a fault is refused by line, and a sound one imports the person", async () => {
  const { page, faults } = office;
  await page.goto(`${lab.house.http}/register?tab=files`);
  const header = "登录名,姓名,供应商,合同编号,责任人,证件号码,角色";
  const good = `${LOGIN},张敏,${SUB},${CONTRACT},carol,11010119900307291X,operator`;
  const bad = join(home, "people-bad.csv");
  writeFileSync(bad, `\uFEFF${header}\n${good}\nlisi,李四,${SUB},${CONTRACT},carol,110101199003072928,approver\n`);
  await page.locator("#files-kind").selectOption("people");
  const [empty] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Empty table" }).click(),
  ]);
  await empty.saveAs(join(home, "empty.csv"));
  expect(readFileSync(join(home, "empty.csv"), "utf8")).toBe(
    "\uFEFFlogin,name,language,unit,vendor,contract,sponsor,identity number,email,roles\r\n",
  );
  await page.locator("input[type=file]").setInputFiles(bad);
  await page.getByRole("button", { name: "Try it, write nothing" }).click();
  await page.getByRole("status").getByText("nothing was written").waitFor();
  await shot(page, "import-faults");
  const file = join(home, "people.csv");
  writeFileSync(file, `\uFEFF${header}\n${good}\n`);
  await page.locator("input[type=file]").setInputFiles(file);
  await page.getByRole("button", { name: "Try it, write nothing" }).click();
  await page.getByText("without a fault").waitFor();
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByRole("button", { name: "Save the links" }).waitFor();
  await shot(page, "import-done");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save the links" }).click(),
  ]);
  await download.saveAs(join(home, "links.txt"));
  expect(readFileSync(join(home, "links.txt"), "utf8")).toContain(LOGIN);
  expect(faults).toEqual([]);
});

test("the contractor enrols, signs both declarations and adds a passkey", async () => {
  const { page, faults } = outside;
  const link = readFileSync(join(home, "links.txt"), "utf8").trim().split("\t")[1] ?? "";
  await addVirtualAuthenticator(page);
  await page.goto(link);
  await page.locator("#password").fill(PASSWORD);
  await page.locator("#again").fill(PASSWORD);
  totp = (await page.locator(".qr .mono, .qr code").first().innerText()).trim();
  await page.locator("#code").fill(await lastCode(totp, "page"));
  await page
    .getByRole("button", { name: /enrol|finish|set up/i })
    .last()
    .click();
  await tick(page, /./);
  await page.getByRole("button", { name: "Go to sign-in" }).click();
  await signInPage(page, lab.house.http, credentials());
  await page.getByRole("link", { name: /Sign the declarations first/ }).click();
  await shot(page, "declarations");
  for (let left = 2; left > 0; left -= 1) {
    await tick(page, "I have read it and agree");
    await page.getByRole("button", { name: "Sign", exact: true }).first().click();
    await until(
      "the signature",
      async () => (await page.getByRole("button", { name: "Sign", exact: true }).count()) < left,
    );
  }
  await page.goto(`${lab.house.http}/me`);
  await page.locator("#passkey-name").fill("work laptop");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("rowheader", { name: "work laptop" }).waitFor();
  await shot(page, "me");
  expect(faults).toEqual([]);
});

test("an entitlement, a request and an approval under the contract", async () => {
  interface Found {
    readonly id: string;
    readonly vendorChain: string[];
    readonly contractNumber: string;
    readonly sponsorName: string;
  }
  const { items } = await ask<{ items: Found[] }>(office.page, "GET", `/people?q=${LOGIN}`);
  const [person] = items;
  expect(person).toMatchObject({ vendorChain: [SUB, PRIME], contractNumber: CONTRACT });
  expect(person?.sponsorName).toContain("Carol");
  const actions = ["ssh.shell", "ssh.exec", "sftp.read", "sftp.write"];
  const entitled = { personId: person?.id, accountId: lab.account.id, actions, to: null };
  await ask(office.page, "POST", "/entitlements", entitled);
  const asked = await ask<{ id: string; digest: string }>(outside.page, "POST", "/requests", {
    items: [{ accountId: lab.account.id, actions }],
    reason: "Weekly patching of the web server",
    workOrder: "WO-7",
    durationMs: 3_600_000,
  });
  const approver = await lab.house.as("carol");
  const approval = { verdict: "approved", reason: "planned", digest: asked.digest };
  const decided = await approver.call("POST", `/requests/${asked.id}/approval`, approval);
  expect(decided.state).toBe("approved");
  expect(decided.vendorChain).toEqual([SUB, PRIME]);
});

test("a waiting ssh is let in by the browser: link, two digits, passkey", async () => {
  const client = new SshClient(lab.house.sshPort, { password: "", code: "" });
  const target = `${LOGIN}@${lab.account.login}@${lab.asset.name}`;
  const shown = ["-o", "LogLevel=INFO", "-o", "PreferredAuthentications=keyboard-interactive"];
  const child = client.start("ssh", [...shown, ...client.arguments(target), "echo", "let-in"]);
  children.push(child);
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const finished = finish(child, undefined, 90_000);
  await until("the link", () => /within 90 s open (\S+) , enter (\d\d)/.test(said));
  const [, url = "", number = ""] = /within 90 s open (\S+) , enter (\d\d)/.exec(said) ?? [];
  const { page, faults } = outside;
  await page.goto(url);
  await page.getByText(`${lab.account.login}@${lab.asset.name}`).waitFor();
  await page.locator("#number").fill(number);
  await shot(page, "terminal");
  await page.getByRole("button", { name: "Approve with a passkey" }).click();
  await page.getByText("The terminal goes on by itself", { exact: false }).waitFor();
  const result = await finished;
  expect([result.code, result.stdout.toString()]).toEqual([0, "let-in\n"]);
  client.dispose();
  expect(faults).toEqual([]);
});

test("a device key opens scp and rsync without a prompt", async () => {
  const args = [
    "gateway/gatehouse.mjs",
    "login",
    "--url",
    lab.house.http,
    "--login",
    LOGIN,
    "--name",
    "build box",
    "--file",
  ];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { PATH: process.env["PATH"] ?? "", HOME: home, LC_ALL: "C.UTF-8" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const gone = new Promise<number | null>((resolve) => child.once("close", resolve));
  await until("the link", () => /(http\S+\/a\/\S+)/.test(said) && /enter (\d\d)/.test(said));
  const [, url = ""] = /(http\S+\/a\/\S+)/.exec(said) ?? [];
  const [, number = ""] = /enter (\d\d)/.exec(said) ?? [];
  const { page } = outside;
  await page.goto(url);
  await page.getByText("build box").waitFor();
  await page.locator("#number").fill(number);
  await shot(page, "device");
  await page.getByRole("button", { name: "Approve with a passkey" }).click();
  expect(await gone).toBe(0);
  const folder = join(home, ".ssh");
  const key =
    readdirSync(folder).find((name) => !name.endsWith(".pub") && existsSync(join(folder, `${name}.pub`))) ?? "";
  expect(key).not.toBe("");
  const client = new SshClient(lab.house.sshPort, { password: "", code: "" });
  const silent = [...client.options, "-o", "BatchMode=yes", "-i", join(folder, key)];
  const at = `${LOGIN}+${lab.account.login}+${lab.asset.name}@127.0.0.1`;
  const source = join(home, "patch.txt");
  writeFileSync(source, "patched\n");
  const copied = await client.run("scp", [...silent, "-P", String(lab.house.sshPort), source, `${at}:life-scp.txt`]);
  expect([copied.code, copied.stderr]).toEqual([0, ""]);
  const shell = ["ssh", "-p", String(lab.house.sshPort), ...silent].join(" ");
  const synced = await client.run("rsync", ["-e", shell, source, `${at}:life-rsync.txt`]);
  expect([synced.code, synced.stderr]).toEqual([0, ""]);
  const read = await client.run("ssh", [
    ...silent,
    "-p",
    String(lab.house.sshPort),
    "-l",
    `${LOGIN}+${lab.account.login}+${lab.asset.name}`,
    "127.0.0.1",
    "cat life-scp.txt life-rsync.txt; rm -f life-scp.txt life-rsync.txt",
  ]);
  expect(read.stdout.toString()).toBe("patched\npatched\n");
  client.dispose();
});

test("the contract is ended while a shell is open: the shell is gone within two seconds", async () => {
  const folder = join(home, ".ssh");
  const key =
    readdirSync(folder).find((name) => !name.endsWith(".pub") && existsSync(join(folder, `${name}.pub`))) ?? "";
  const client = new SshClient(lab.house.sshPort, { password: "", code: "" });
  const child = client.start("ssh", [
    ...client.options,
    "-o",
    "BatchMode=yes",
    "-tt",
    "-i",
    join(folder, key),
    "-p",
    String(lab.house.sshPort),
    "-l",
    `${LOGIN}+${lab.account.login}+${lab.asset.name}`,
    "127.0.0.1",
  ]);
  children.push(child);
  let said = "";
  child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
  let closedAt = 0;
  const closed = new Promise<void>((resolve) =>
    child.once("close", () => {
      closedAt = Date.now();
      resolve();
    }),
  );
  child.stdin.write("echo still-$((40+2))-here\n");
  await until("the shell", () => said.includes("still-42-here"));
  const { page, faults } = office;
  await page.goto(`${lab.house.http}/register?tab=contracts`);
  const row = page.getByRole("row", { name: new RegExp(CONTRACT) });
  await row.getByRole("button", { name: "End", exact: true }).click();
  await page.getByText("Running sessions: 1").waitFor();
  await page.getByRole("dialog").getByRole("textbox").fill("The vendor was replaced");
  await shot(page, "ending");
  const answered = page.waitForResponse((response) => response.url().endsWith("/end") && response.ok());
  await page.getByRole("dialog").getByRole("button", { name: "End", exact: true }).click();
  const pressedAt = Date.now();
  await answered;
  await closed;
  expect(closedAt - pressedAt).toBeLessThan(2_000);
  expect(said).toContain("session ended: the contract, vendor or sponsor behind your grant no longer stands");
  await until("the list to say so", async () => (await page.locator("body").innerText()).includes("Ended"));
  const again = await client.run("ssh", [
    ...client.options,
    "-o",
    "BatchMode=yes",
    "-i",
    join(folder, key),
    "-p",
    String(lab.house.sshPort),
    "-l",
    `${LOGIN}+${lab.account.login}+${lab.asset.name}`,
    "127.0.0.1",
    "true",
  ]);
  expect(again.code).not.toBe(0);
  client.dispose();
  expect(faults).toEqual([]);
});

test("the audit log tells it in order", async () => {
  const auditor = await lab.house.as("ivan");
  interface Event {
    readonly verb: string;
    readonly seq: number | null;
  }
  // Those of the last second have no number yet.
  const events = await until("every event to have its number", async () => {
    const read: Event[] = [];
    let cursor = "";
    do {
      const page = await auditor.call("GET", `/audit/events?limit=200${cursor === "" ? "" : `&cursor=${cursor}`}`);
      read.push(...page.items);
      cursor = page.next ?? "";
    } while (cursor !== "");
    // Reading is itself an event each time.
    return read.every(({ verb, seq }) => seq !== null || verb === "audit.viewed") ? read : false;
  });
  const verbs = events.sort((a, b) => (a.seq ?? Infinity) - (b.seq ?? Infinity)).map((one) => one.verb);
  const told = [
    "vendor.created",
    "vendor.created",
    "contract.created",
    "contract.duties-accepted",
    "person.created",
    "people.imported",
    "person.enrolled",
    "person.signed-in",
    "person.signed-declaration",
    "person.signed-declaration",
    "person.passkey-added",
    "entitlement.created",
    "request.filed",
    "request.approved",
    "grant.created",
    "person.terminal-asked",
    "person.terminal-approved",
    "person.signed-in",
    "session.opened",
    "session.ended",
    "person.terminal-asked",
    "person.device-key-added",
    "person.terminal-approved",
    "session.opened",
    "transfer.logged",
    "session.ended",
    "session.opened",
    "contract.ended",
    "entitlement.ended",
    "grant.revoked",
    "session.ended",
  ];
  // The demo has a contract of its own; this one's begins with the last two vendors.
  let at = verbs.lastIndexOf("vendor.created", verbs.lastIndexOf("vendor.created") - 1) - 1;
  const missing: string[] = [];
  for (const verb of told) {
    const next = verbs.indexOf(verb, at + 1);
    if (next === -1) missing.push(`${verb} after ${verbs[at] ?? "the beginning"}`);
    else at = next;
  }
  expect(missing).toEqual([]);
});
