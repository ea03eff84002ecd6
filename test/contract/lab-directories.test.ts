import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "ldapts";
import { startSlapd, type TestSlapd } from "../support/slapd.js";
let directory: TestSlapd;
beforeAll(async () => { directory = await startSlapd(); });
afterAll(async () => directory.stop());
test("x", async () => {
  await directory.addPerson({ uid: "wang", cn: "王", mail: "w@example.org", password: "pw1" });
  await directory.setGroup("ops", ["wang"]);
  const c = new Client({ url: directory.url });
  await c.bind(directory.bindDn, directory.bindPassword);
  console.log(await c.search(directory.baseDn, { scope: "sub", filter: "(uid=wang)", attributes: ["*", "+"] }));
  await c.unbind();
  expect(1).toBe(1);
});
