/**
 * Loads a bundle: a folder with `schema.cedarschema`, `*.cedar`, `approvals.yaml`, `sign-in.yaml` and a `*.cases.yaml` beside each, and the texts
 * that people sign under `declarations/`. It loads whole
 * or not at all: a file that is not known, a text that does not parse or validate, a case that fails refuses it.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { compileApprovals } from "./approvals.js";
import { runCases } from "./cases.js";
import { compileCedar } from "./cedar.js";
import type { Policy } from "./contract.js";
import { compileDeclarations, DECLARATION_FILES } from "./declarations.js";
import { createExecClassifier } from "./exec/classify.js";
import { wrong } from "./shape.js";
import { compileSignIn } from "./sign-in.js";

/** All of a bundle's texts together: whoever confirms another one is handed both. */
const MAX_BUNDLE_BYTES = 1_048_576;
const MAX_FILES = 200;
const SCHEMA = "schema.cedarschema";
const APPROVALS = "approvals.yaml";
const SIGN_IN = "sign-in.yaml";
const DECLARATIONS = "declarations";
const EXEC_CASES = "exec.cases.yaml";

/** Rejects with `internal` and a message that names the file and what is wrong in it. */
export async function loadPolicy(folder: string): Promise<Policy> {
  return loadBundle(await readBundle(folder));
}

/** A bundle's files by name, as they lie in the folder or were kept. */
export type BundleFiles = ReadonlyMap<string, string>;

/** The policy that these files make. Rejects as `loadPolicy` does. */
export async function loadBundle(files: BundleFiles): Promise<Policy> {
  const policies = new Map([...files].filter(([name]) => name.endsWith(".cedar")));
  if (policies.size === 0) throw wrong("*.cedar", "there is no policy in it");
  const classifyExec = await createExecClassifier();
  const policy: Policy = {
    digest: digestOf(files),
    decide: compileCedar(required(files, SCHEMA), policies),
    approvalRule: compileApprovals(parseYaml(APPROVALS, required(files, APPROVALS))),
    classifyExec,
    signIn: compileSignIn(parseYaml(SIGN_IN, required(files, SIGN_IN))),
    declarations: compileDeclarations(files),
  };
  for (const name of [...policies.keys(), APPROVALS, SIGN_IN])
    required(files, name.replace(/\.(cedar|yaml)$/, ".cases.yaml"));
  required(files, EXEC_CASES);
  for (const [name, text] of files) if (name.endsWith(".cases.yaml")) runCases(name, parseYaml(name, text), policy);
  return policy;
}

/** The files of a folder; rejects when one is not part of a bundle, or they are more than 200 or 1 MiB. Nothing is judged yet. */
export async function readBundle(folder: string): Promise<BundleFiles> {
  const files = new Map<string, string>();
  const names = await namesIn(folder);
  if (names.length > MAX_FILES) throw wrong(folder, "there are too many files in it");
  let bytes = 0;
  for (const name of names) {
    if (!isKnown(name)) throw wrong(name, "this file is not part of a bundle");
    const path = join(folder, name);
    const { size } = await stat(path);
    if (bytes + size > MAX_BUNDLE_BYTES) throw wrong(name, "the bundle is too large");
    const text = await readFile(path, "utf8");
    bytes += Buffer.byteLength(text);
    if (bytes > MAX_BUNDLE_BYTES) throw wrong(name, "the bundle is too large");
    files.set(name, text);
  }
  return files;
}

/** Files of the folder, and of the one folder in it, in one order everywhere. */
async function namesIn(folder: string): Promise<readonly string[]> {
  const top = (await readdir(folder)).filter((name) => name !== DECLARATIONS);
  const texts = await readdir(join(folder, DECLARATIONS));
  return [...top, ...texts.map((name) => `${DECLARATIONS}/${name}`)].sort();
}

function isKnown(name: string): boolean {
  if (DECLARATION_FILES.includes(name) || name === SCHEMA || name === APPROVALS || name === SIGN_IN) return true;
  return /^[a-z][a-z0-9-]*\.(cedar|cases\.yaml)$/.test(name);
}

function required(files: ReadonlyMap<string, string>, name: string): string {
  const text = files.get(name);
  if (text === undefined) throw wrong(name, "the file is missing");
  return text;
}

function parseYaml(name: string, source: string): unknown {
  const document = parseDocument(source, { strict: true, uniqueKeys: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw wrong(name, problem.message.split("\n", 1)[0] as string);
  return document.toJS({ maxAliasCount: 0 }) as unknown;
}

/** Hex SHA-256 over names, lengths and texts. */
export function digestOf(files: ReadonlyMap<string, string>): string {
  const hash = createHash("sha256");
  for (const [name, text] of files) hash.update(`${name}\0${String(Buffer.byteLength(text))}\0${text}`);
  return hash.digest("hex");
}
