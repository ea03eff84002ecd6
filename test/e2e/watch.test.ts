/** A manager watches a live session in the browser and stops it there; the operator is cut off, both acts are on record. */
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser, signInPage, visit } from "../support/browser.js";
import { ROOT, until } from "../support/gatehouse.js";
import { startLab, type Lab } from "../support/lab.js";

let lab: Lab;
let browser: Browser;
beforeAll(async () => {
  lab = await startLab();
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await lab?.stop();
});

test("watch shows what is already there and what comes, and stop ends it within two seconds", async () => {
  const operator = await lab.operator(["ssh.shell"]);
  const client = await operator.client();
  const child = client.start("ssh", client.arguments(operator.target, ["-tt"]));
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.stdin.write("echo before-$((40+2))\n");
  await until("the first answer", () => shown.includes("before-42"));

  const approver = await lab.house.newPerson(["approver"]);
  const { context, page, faults } = await visit(browser, { locale: "en" });
  await signInPage(page, lab.house.http, approver);
  await page.goto(`${lab.house.http}/live`);
  await page
    .getByRole("link", { name: /watch/i })
    .or(page.getByRole("button", { name: /watch/i }))
    .first()
    .click();
  const screen = page.locator(".xterm-rows").first();
  await until("what was there before", async () => (await screen.innerText()).includes("before-42"));
  child.stdin.write("echo after-$((40+3))\n");
  await until("what comes", async () => (await screen.innerText()).includes("after-43"));
  await page.screenshot({ path: join(ROOT, "test", ".artifacts", "pages", "watch-en-light.png") });

  await page.getByRole("button", { name: /^stop/i }).first().click();
  const reason = page.getByRole("dialog").locator("textarea, input").first();
  await reason.fill("that is enough");
  await page.screenshot({ path: join(ROOT, "test", ".artifacts", "pages", "stop-en-light.png") });
  const at = Date.now();
  await page.getByRole("dialog").getByRole("button", { name: /stop/i }).last().click();
  await closed;
  expect(Date.now() - at).toBeLessThan(2_000);
  expect(faults).toEqual([]);
  await context.close();

  const auditor = await lab.house.as("ivan");
  for (const verb of ["session.watched", "session.stopped", "session.ended"])
    await until(verb, async () => {
      const { items } = await auditor.call("GET", `/audit/events?verb=${verb}`);
      return items.length > 0;
    });
});
