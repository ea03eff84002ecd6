/**
 * The `gatehouse` command. Only start, doctor, policy and the two verifiers work on files; every verb that changes state or
 * shows content signs in as a person through the API, so that the command line is no way round the three powers.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { ConfigError } from "../config.js";
import type { LoginOptions } from "./login-verbs.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const program = new Command("gatehouse").description("privileged-access bastion and session recorder").version("0.1.0");

/** Runs a verb (each is loaded only when it runs, so that a verifier starts at once); what it answers is the exit code. Faults print one line; a stack only for bugs. */
function verb(work: () => Promise<number>): void {
  work().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      if (error instanceof ConfigError) process.stderr.write(`gatehouse: ${error.message}\n`);
      else
        process.stderr.write(
          `gatehouse: ${error instanceof Error ? (process.env["DEBUG"] === undefined ? error.message : String(error.stack)) : String(error)}\n`,
        );
      process.exitCode = 1;
    },
  );
}

program
  .command("start")
  .description("run the gateway")
  .option("--demo", "with demo people, a sandbox target, a grant and a pending request")
  .action((options: { demo?: boolean }) =>
    verb(async () => (await import("./start.js")).start({ root, demo: options.demo === true })),
  );
program
  .command("doctor")
  .description("check configuration, keys, database, storage, listeners")
  .option("--json", "for programs")
  .option("--ready", "only ask a running gateway whether it serves (for health checks)")
  .action((options: { json?: boolean; ready?: boolean }) =>
    verb(async () =>
      (await import("./doctor.js")).doctor({ root, json: options.json === true, readyOnly: options.ready === true }),
    ),
  );
program
  .command("sign-in")
  .description("sign in for the verbs that talk to the API; asks for login, password and one-time code")
  .option("--url <url>", "the gateway's address")
  .action((options: { url?: string }) =>
    verb(async () => (await import("./sign-in.js")).signIn({ root, url: options.url })),
  );
program
  .command("sign-out")
  .description("end that sign-in")
  .action(() => verb(async () => (await import("./sign-in.js")).signOut({ root })));

program
  .command("login")
  .description(
    "a key for this device that opens the gate without a code until the working day ends; approved in your browser",
  )
  .option("--url <url>", "the gateway's address")
  .option("--login <login>", "who you are there; your name on this machine unless told")
  .option("--name <name>", "what to call this device; its host name unless told")
  .option("--agent", "keep the key in the ssh-agent alone")
  .option("--file", "keep the key in a file alone")
  .action((options: LoginOptions) => verb(async () => (await import("./login-verbs.js")).loginVerb(root, options)));
program
  .command("logout")
  .description("end that key, there and here")
  .option("--url <url>", "the gateway's address")
  .action((options: LoginOptions) => verb(async () => (await import("./login-verbs.js")).logoutVerb(root, options)));

const policy = program.command("policy").description("policy bundles");
policy
  .command("check [folder]")
  .description("load a bundle whole and run its cases")
  .option("--json", "for programs")
  .action((folder: string | undefined, options: { json?: boolean }) =>
    verb(async () => (await import("./policy.js")).policyCheck({ root, folder, json: options.json === true })),
  );

program
  .command("break-glass <power>")
  .description(
    "open the sealed envelope of a power (system, security or audit) whose people are all gone; asks for both halves",
  )
  .option("--url <url>", "the gateway's address")
  .action((power: string, options: { url?: string }) =>
    verb(async () => (await import("./break-glass.js")).breakGlass({ root, power, url: options.url })),
  );

const vault = program.command("vault").description("exports of the vault");
vault
  .command("open <file>")
  .description("open a sealed export, offline; asks for its passphrase")
  .option("--yes-print", "print the credentials on standard output; else only what the export holds is named")
  .action((file: string, options: { yesPrint?: boolean }) =>
    verb(async () => (await import("./vault.js")).vaultOpen({ file, print: options.yesPrint === true })),
  );

const recording = program.command("recording").description("recordings");
recording
  .command("list")
  .description("sessions with their recordings, newest first")
  .option("--json", "for programs")
  .action((options: { json?: boolean }) =>
    verb(async () => (await import("./recording.js")).recordingList({ root, json: options.json === true })),
  );
recording
  .command("verify <paths...>")
  .description("containers or folders of them, offline; one verdict a line")
  .option(
    "--signer <key>",
    "the key to trust, as `gatehouse start` prints it (else each container's own, and that is said)",
  )
  .option("--audit <file>", "an exported audit log whose logged heads must be in the containers")
  .option("--json", "for programs")
  .action((paths: string[], options: { signer?: string; audit?: string; json?: boolean }) =>
    verb(async () =>
      (await import("./recording.js")).recordingVerify({
        paths,
        signer: options.signer,
        audit: options.audit,
        json: options.json === true,
      }),
    ),
  );
recording
  .command("cat <id>")
  .description("a terminal's text as a person would have read it")
  .option("--channel <number>", "which channel", "1")
  .action((id: string, options: { channel: string }) =>
    verb(async () => (await import("./recording.js")).recordingCat({ root, id, channel: Number(options.channel) })),
  );
recording
  .command("export <id>")
  .description("asciicast (plays in asciinema), or the sealed container")
  .option("--format <format>", "asciicast or container", "asciicast")
  .option("--channel <number>", "which channel", "1")
  .option("--output <file>", "where to; standard output unless told")
  .action((id: string, options: { format: string; channel: string; output?: string }) =>
    verb(async () =>
      (await import("./recording.js")).recordingExport({
        root,
        id,
        format: options.format,
        channel: Number(options.channel),
        output: options.output,
      }),
    ),
  );

const audit = program.command("audit").description("the audit log");
audit
  .command("verify <file>")
  .description("an exported log, offline: every leaf, the tree and the checkpoint's signature")
  .requiredOption("--key <key>", "the key to trust, name+xxxxxxxx+base64, as `gatehouse start` prints it")
  .option("--older <file>", "an older checkpoint note kept elsewhere; the log must extend it")
  .option("--json", "for programs")
  .action((file: string, options: { key: string; older?: string; json?: boolean }) =>
    verb(async () =>
      (await import("./audit.js")).auditVerify({
        file,
        key: options.key,
        older: options.older,
        json: options.json === true,
      }),
    ),
  );
audit
  .command("export")
  .description("events with a signed checkpoint, as JSON lines")
  .option("--output <file>", "where to; standard output unless told")
  .action((options: { output?: string }) =>
    verb(async () => (await import("./audit.js")).auditExport({ root, output: options.output })),
  );

program.showHelpAfterError();
program.parse();
