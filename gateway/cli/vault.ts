/** `gatehouse vault open`: opens a sealed export of credentials by its passphrase, without database, keys or gateway. */
import { readFile, stat } from "node:fs/promises";
import { openExport } from "../vault/index.js";
import { ask } from "./ask.js";

const MOST_BYTES = 64 * 1024 * 1024;

/** Names what the export holds on standard error; the credentials go to standard output only with `print`. */
export async function vaultOpen(input: { readonly file: string; readonly print: boolean }): Promise<number> {
  if ((await stat(input.file)).size > MOST_BYTES) throw new Error("this is not a vault export");
  const [passphrase = ""] = await ask([{ text: "passphrase: ", hidden: true }]);
  const plain = await openExport(await readFile(input.file, "utf8"), passphrase);
  const { exportedAt, accounts } = JSON.parse(plain) as {
    readonly exportedAt: number;
    readonly accounts: readonly { readonly asset: string; readonly account: string }[];
  };
  process.stderr.write(`exported ${new Date(exportedAt).toISOString()}, ${String(accounts.length)} credentials\n`);
  for (const { asset, account } of accounts) process.stderr.write(`  ${account}@${asset}\n`);
  if (input.print) process.stdout.write(`${plain}\n`);
  else process.stderr.write("nothing was printed; --yes-print prints the credentials on standard output\n");
  return 0;
}
