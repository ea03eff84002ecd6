/**
 * The demo: a gateway on its own marked data folder with a sandbox target. The first start seeds it and writes
 * `demo.json` (mode 0600) with the people's passwords and one-time-code secrets; later starts find everything as it was.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "otplib";
import qrcode from "qrcode";
import type { Config } from "../config.js";
import { takeDataFolder } from "../data-folder.js";
import { createIds } from "../storage/index.js";
import { openGateway, systemClock, type Gateway } from "../main.js";
import { startSandbox } from "./sandbox.js";
import { seedDemo, type DemoPerson } from "./seed.js";

interface DemoFile {
  readonly http: string;
  readonly ssh: { readonly host: string; readonly port: number };
  readonly target: { readonly account: string; readonly asset: string };
  readonly people: readonly DemoPerson[];
}

export interface Demo {
  readonly gateway: Gateway;
  stop(): Promise<void>;
}

async function printPeople(file: DemoFile, say: (line: string) => void): Promise<void> {
  say("");
  say("  login    role       password           one-time-code secret               code now");
  for (const person of file.people) {
    const code = await generate({ secret: person.totp });
    say(
      `  ${person.login.padEnd(8)} ${person.role.padEnd(10)} ${person.password.padEnd(18)} ${person.totp.padEnd(34)} ${code}`,
    );
  }
  const operator = file.people.find((person) => person.role === "operator");
  if (operator !== undefined) {
    const otpauth = `otpauth://totp/Gatehouse%20demo:${operator.login}?secret=${operator.totp}&issuer=Gatehouse%20demo`;
    say("");
    say(`  ${operator.login}'s one-time codes, for an authenticator app:`);
    say(await qrcode.toString(otpauth, { type: "terminal", small: true }));
  }
}

function printLines(file: DemoFile, say: (line: string) => void): void {
  const { host, port } = file.ssh;
  say("  Three lines to try:");
  say(
    `    ssh -p ${port} alice@${file.target.account}@${file.target.asset}@${host}     # has a grant: password, then code`,
  );
  say(
    `    ssh -p ${port} bob@${file.target.account}@${file.target.asset}@${host}       # waits for the approval of carol or dave`,
  );
  say(`    ${file.http}                                  # carol decides, ivan replays`);
  say("");
}

/** Starts sandbox and gateway, seeds a fresh folder, prints people and lines to try. */
export async function runDemo(config: Config, say: (line: string) => void): Promise<Demo> {
  takeDataFolder(config.data, true, createIds());
  mkdirSync(join(config.data, "keys"), { recursive: true, mode: 0o700 });
  const sandbox = await startSandbox(join(config.data, "keys", "demo-sandbox.json"));
  const withSandbox: Config = { ...config, allowTargets: [...config.allowTargets, `127.0.0.1:${sandbox.port}`] };
  const gateway = await openGateway(withSandbox).catch(async (error: unknown) => {
    await sandbox.stop();
    throw error;
  });
  const path = join(config.data, "demo.json");
  if (!existsSync(path)) {
    say("gatehouse: making the demo's people, asset, grant and request …");
    const people = await seedDemo(gateway.broker, gateway.read, systemClock, sandbox);
    const content: DemoFile = {
      http: config.publicUrl,
      ssh: { host: config.sshPublic.host, port: gateway.ssh.port },
      target: { account: "demo", asset: "sandbox" },
      people,
    };
    writeFileSync(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  const file = JSON.parse(readFileSync(path, "utf8")) as DemoFile;
  say(`gatehouse: DEMO, on loopback only; data in ${config.data}`);
  say(`gatehouse: page at ${config.publicUrl}`);
  say(`gatehouse: ssh door at ${config.sshPublic.host} port ${gateway.ssh.port}, host key ${gateway.ssh.fingerprint}`);
  say(`gatehouse: evidence key ${gateway.evidenceKey}`);
  await printPeople(file, say);
  printLines(file, say);
  return { gateway, stop: () => sandbox.stop() };
}
