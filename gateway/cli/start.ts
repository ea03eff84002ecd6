/** `gatehouse start [--demo]`: opens the gateway, prints where it is and what to do next, drains on SIGTERM. */
import { readConfig, type Config } from "../config.js";
import { DataFolderError } from "../data-folder.js";
import { runDemo } from "../demo/demo.js";
import { openGateway, type Gateway } from "../main.js";

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function greet(config: Config, gateway: Gateway): Promise<void> {
  say(`gatehouse: page at ${config.publicUrl}`);
  say(`gatehouse: ssh door at ${config.sshPublic.host} port ${gateway.ssh.port}, host key ${gateway.ssh.fingerprint}`);
  say(`gatehouse: evidence key ${gateway.evidenceKey} (keep it elsewhere: verifiers trust it)`);
  const token = await gateway.broker.identity.makeBootstrapToken();
  if (token !== undefined) {
    say(
      `gatehouse: master key ${config.masterKeyFile} (keep a copy apart from the data: without it nothing sealed opens)`,
    );
    say("gatehouse: nobody is here yet. Within 15 minutes, the first security administrator opens");
    say(`gatehouse:   ${new URL("/bootstrap", config.publicUrl).href}#token=${token}`);
  }
}

/** Resolves with the exit code once a signal ended the gateway. A second signal ends it at once. */
function untilSignal(gateway: Gateway, drainSeconds: number): Promise<number> {
  return new Promise((resolve) => {
    let draining = false;
    const onSignal = (): void => {
      if (draining) return resolve(130);
      draining = true;
      say(
        `gatehouse: draining: no new sessions; live ones are warned and end within ${drainSeconds} s (signal again to end at once)`,
      );
      gateway.stop(drainSeconds * 1_000).then(
        () => resolve(0),
        (error: unknown) => {
          process.stderr.write(`gatehouse: ${error instanceof Error ? error.message : String(error)}\n`);
          resolve(1);
        },
      );
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}

export async function start(input: { readonly root: string; readonly demo: boolean }): Promise<number> {
  const config = readConfig(process.env, input);
  process.umask(0o077);
  // What people are told on a terminal is in the installation's hours, whatever the machine's are.
  if (config.timeZone !== undefined) process.env["TZ"] = config.timeZone;
  try {
    if (input.demo) {
      const demo = await runDemo(config, say);
      const exit = await untilSignal(demo.gateway, config.drainSeconds);
      await demo.stop();
      return finish(exit);
    }
    const gateway = await openGateway(config);
    await greet(config, gateway);
    return finish(await untilSignal(gateway, config.drainSeconds));
  } catch (error) {
    if (error instanceof DataFolderError) throw new Error(error.message, { cause: error });
    throw error;
  }
}

/** Nothing may keep a drained gateway alive. */
function finish(exit: number): never {
  process.exit(exit);
}
