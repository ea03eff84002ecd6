/** A real Chromium for tests of the page, and what makes a page test stop: console errors, refused scripts, failed requests. */
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { code, type Credentials } from "./gatehouse.js";

export async function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the console called an error, CSP refusals among it. */
  readonly faults: string[];
}

export async function visit(
  browser: Browser,
  options: { readonly locale: "zh-CN" | "en"; readonly dark?: boolean },
): Promise<Visit> {
  const context = await browser.newContext({
    locale: options.locale === "en" ? "en-GB" : "zh-CN",
    colorScheme: options.dark === true ? "dark" : "light",
    viewport: { width: 1440, height: 900 },
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 40[134]/.test(message.text())) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  return { context, page, faults };
}

/** Signs in through the form, as a person would. */
export async function signInPage(page: Page, base: string, who: Credentials, offset = 0): Promise<void> {
  await page.goto(`${base}/sign-in`);
  await page.locator("#login").fill(who.login);
  await page.locator("#password").fill(who.password);
  await page.keyboard.press("Enter");
  await page.locator("#code").fill(await code(who.totp, offset));
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
}
