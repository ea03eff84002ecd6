/** Credentials that leave the vault: by two, once, sealed, and nothing of them kept or told. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { must, openIdentityLab, type IdentityLab, type LabPerson } from "../../../test/support/identity-lab.js";
import { createRows } from "../../../test/support/rows.js";
import { createIds } from "../../storage/index.js";
import { openExport } from "../../vault/index.js";
import type { Account, Asset } from "../../domain/index.js";
import { credentialBound } from "../credentials.js";

const REASON = "the yearly copy for the safe";
const PASSPHRASE = "eleven small boats at anchor";
const SECRET = "hunter2-and-a-half";

let lab: IdentityLab;
let grace: LabPerson;
let erin: LabPerson;
let frank: LabPerson;
let account: Account;
let asset: Asset;
beforeEach(async () => {
  lab = await openIdentityLab("sqlite");
  grace = await lab.bootstrap();
  erin = await lab.add(grace, "erin", { power: "system" });
  frank = await lab.add(grace, "frank", { power: "system" });
  const rows = createRows(createIds());
  const unitId = (await lab.database.read.people.get(erin.id))?.unitId as Asset["unitId"];
  asset = rows.asset({ unitId, name: "web-01" });
  const plain = rows.account(asset.id, { unitId, login: "root" });
  const sealed = lab.vault.seal(
    "credential",
    credentialBound(plain.id, asset.pin),
    JSON.stringify({ kind: "password", password: SECRET }),
  );
  account = { ...plain, credentialKind: "password", credentialSealed: sealed, credentialPin: asset.pin };
  await lab.database.write(async (tx) => {
    await tx.assets.insert(asset);
    await tx.accounts.insert(account);
    await tx.accounts.insert(rows.account(asset.id, { unitId, login: "bare" }));
  });
});
afterEach(() => lab.close());

const proposed = async () =>
  must(await lab.proposals.proposeVaultExport(await lab.signIn(erin), { accountIds: [], reason: REASON }));
const confirmed = async () => {
  const proposal = await proposed();
  must(await lab.proposals.confirm(await lab.onPage(frank), proposal.id, proposal.digest));
  return proposal.id;
};

test("is proposed by one, confirmed by another, fetched once, and opens by the passphrase alone", async () => {
  const proposal = await proposed();
  expect(proposal.lines).toEqual([{ label: "accounts", before: null, after: "root@web-01" }]);
  const early = await lab.proposals.collectVaultExport(await lab.onPage(erin), proposal.id, PASSPHRASE);
  expect(early).toMatchObject({ code: "not-found" });
  expect(await lab.proposals.confirm(await lab.onPage(erin), proposal.id, proposal.digest)).toMatchObject({
    code: "needs-second-person",
  });
  expect(await lab.proposals.confirm(await lab.onPage(grace), proposal.id, proposal.digest)).toMatchObject({
    code: "not-found",
  });
  must(await lab.proposals.confirm(await lab.onPage(frank), proposal.id, proposal.digest));
  const text = must(await lab.proposals.collectVaultExport(await lab.onPage(erin), proposal.id, PASSPHRASE));
  expect(text).not.toContain(SECRET);
  expect(text).not.toContain("root");
  expect(JSON.parse(await openExport(text, PASSPHRASE))).toMatchObject({
    accounts: [{ asset: "web-01", account: "root", credential: { kind: "password", password: SECRET } }],
  });
  const again = await lab.proposals.collectVaultExport(await lab.onPage(erin), proposal.id, PASSPHRASE);
  expect(again).toMatchObject({ code: "not-found" });
  const [event] = await lab.database.read.audit.find({ verb: "vault.exported" });
  expect(event?.leaf).toContain("root@web-01");
  expect(event?.leaf).toContain(frank.id);
});

test("the second person is shown every account of it, however many", async () => {
  const rows = createRows(createIds());
  const unitId = asset.unitId;
  const logins = Array.from({ length: 120 }, (_, nth) => `u${String(nth)}`);
  await lab.database.write(async (tx) => {
    for (const login of logins)
      await tx.accounts.insert({ ...account, ...rows.account(asset.id, { unitId, login }), credentialSealed: "x" });
  });
  const { id } = await proposed();
  const [line] = must(await lab.proposals.get(await lab.signIn(frank), id)).lines;
  const shown = line?.after.split(" ") ?? [];
  expect(shown).toEqual([...logins, "root"].map((login) => `${login}@web-01`).sort());
});

test("a weak passphrase, a stale factor, another person and the end of the hour give nothing and use nothing up", async () => {
  const id = await confirmed();
  const page = await lab.onPage(erin);
  for (const weak of ["short", "a".repeat(40)])
    expect(await lab.proposals.collectVaultExport(page, id, weak)).toMatchObject({ field: "passphrase" });
  expect(await lab.proposals.collectVaultExport(await lab.onPage(frank), id, PASSPHRASE)).toMatchObject({
    code: "not-found",
  });
  expect(await lab.proposals.collectVaultExport(await lab.signIn(erin), id, PASSPHRASE)).toMatchObject({
    code: "step-up-needed",
  });
  expect(await lab.proposals.collect(await lab.onPage(erin), id)).toMatchObject({ code: "not-found" });
  must(await lab.proposals.collectVaultExport(await lab.onPage(erin), id, PASSPHRASE));
  const other = await confirmed();
  lab.pass(3_600_000);
  expect(await lab.proposals.collectVaultExport(await lab.onPage(erin), other, PASSPHRASE)).toMatchObject({
    code: "not-found",
  });
});

test("two who fetch at once get one file between them", async () => {
  const id = await confirmed();
  const pages = [await lab.onPage(erin), await lab.onPage(erin)];
  const outcomes = await Promise.all(pages.map((page) => lab.proposals.collectVaultExport(page, id, PASSPHRASE)));
  expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
});

test("an account outside, without a credential, or of a pin that changed is not taken out", async () => {
  const by = await lab.signIn(erin);
  const [bare] = await lab.database.read.accounts.find({ login: "bare" });
  const ask = (ids: readonly Account["id"][]) =>
    lab.proposals.proposeVaultExport(by, { accountIds: ids, reason: REASON });
  expect(await ask([bare?.id as Account["id"]])).toMatchObject({ code: "invalid-input" });
  expect(await ask([createIds().next() as Account["id"]])).toMatchObject({ code: "not-found" });
  const id = await confirmed();
  await lab.database.write((tx) => tx.assets.update(asset.id, { pin: "another" }));
  expect(await lab.proposals.collectVaultExport(await lab.onPage(erin), id, PASSPHRASE)).toMatchObject({
    code: "stale",
  });
});

test("an export that was altered, or another passphrase, opens nothing; a file cannot choose its own costs", async () => {
  const id = await confirmed();
  const text = must(await lab.proposals.collectVaultExport(await lab.onPage(erin), id, PASSPHRASE));
  await expect(openExport(text, `${PASSPHRASE}!`)).rejects.toMatchObject({ code: "internal" });
  const file = JSON.parse(text) as { kdf: { memoryKiB: number }; body: string };
  const body = Buffer.from(file.body, "base64");
  body[3] = (body[3] ?? 0) ^ 1;
  await expect(openExport(JSON.stringify({ ...file, body: body.toString("base64") }), PASSPHRASE)).rejects.toThrow();
  const dear = { ...file, kdf: { ...file.kdf, memoryKiB: 4_000_000 } };
  await expect(openExport(JSON.stringify(dear), PASSPHRASE)).rejects.toMatchObject({ code: "invalid-input" });
  for (const no of ["", "{}", "null", "[]", '{"kdf":null}'])
    await expect(openExport(no, PASSPHRASE)).rejects.toMatchObject({ code: "invalid-input" });
});
