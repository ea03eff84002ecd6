/** `gatehouse policy check`: loads a bundle whole, with its cases, as the gateway would. */
import { resolve, join } from "node:path";
import { loadPolicy } from "../policy/index.js";

export async function policyCheck(input: {
  readonly root: string;
  readonly folder: string | undefined;
  readonly json: boolean;
}): Promise<number> {
  const folder = resolve(input.folder ?? join(input.root, "policies", "default"));
  const policy = await loadPolicy(folder);
  process.stdout.write(
    input.json
      ? `${JSON.stringify({ folder, digest: policy.digest })}\n`
      : `${folder}: loads, cases pass, digest ${policy.digest}\n`,
  );
  return 0;
}
