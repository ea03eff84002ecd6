/**
 * The lab itself: a real guacd shows a real xrdp desktop, and both can be seen empty afterwards. What is found here of
 * guacd 1.3 and xrdp 0.9, the gateway's own tests rest upon.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import asked from "../desktop-lab/args-1.3.0.json" with { type: "json" };
import type { DesktopUser } from "../support/desktop-user.js";
import { flashing, printing, quarters, terminal, typing } from "../support/desktops.js";
import { startGuacd, type TestGuacd } from "../support/guacd.js";
import { letGoAfterFailure } from "../support/let-go-of-guacd.js";
import { talkToGuacd, type Picture, type RawGuacd } from "../support/raw-guacd.js";
import { startXrdp, type TestXrdp } from "../support/xrdp.js";

let guacd: TestGuacd;
let xrdp: TestXrdp;
let user: DesktopUser;

beforeAll(async () => {
  [guacd, xrdp] = await Promise.all([startGuacd({ logLevel: "debug" }), startXrdp()]);
  user = xrdp.addUser(quarters);
});

afterEach(() => user.wipe());
letGoAfterFailure(() => guacd);

afterAll(async () => {
  await guacd?.stop();
  await xrdp?.stop();
});

function open(settings: Readonly<Record<string, string>> = {}, port = guacd.port): RawGuacd {
  const target = { hostname: xrdp.host, port: String(xrdp.port), username: user.login, password: user.password };
  const how = { security: "any", "ignore-cert": "true", "color-depth": "24", width: "1024", height: "768" };
  return talkToGuacd(port, { ...target, ...how, ...settings });
}

/** The colours of one point in each quarter, after the pictures were laid onto one another. */
function quartersOf(pictures: readonly Pick<Picture, "x" | "y" | "bytes">[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-lab-"));
  const layers = pictures.flatMap(({ x, y, bytes }, at) => {
    const file = join(folder, String(at));
    writeFileSync(file, bytes);
    return ["(", file, "-repage", `+${x}+${y}`, ")"];
  });
  const points = ["250,150", "750,150", "250,600", "750,600"].map((at) => `%[hex:p{${at}}]`).join(" ");
  const args = [
    "-size",
    "1024x768",
    "xc:black",
    ...layers,
    "-layers",
    "flatten",
    "-depth",
    "8",
    "-format",
    points,
    "info:-",
  ];
  const { stdout } = spawnSync("convert", args, { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return stdout
    .trim()
    .split(" ")
    .map((colour) => colour.slice(0, 6));
}

const painted = ["FF0000", "00FF00", "0000FF", "FFFFFF"];

describe("the desktop lab", () => {
  it("shows a real desktop through a real guacd, point for point", async () => {
    const operator = open();
    await operator.until(([opcode]) => opcode === "ready");
    await operator.until(
      ([opcode, layer, width, height]) => opcode === "size" && layer === "0" && width === "1024" && height === "768",
    );
    await user.untilShown();
    await expect.poll(() => quartersOf(operator.pictures), { timeout: 10_000 }).toEqual(painted);
    await operator.until(([opcode]) => opcode === "sync");
    expect(quartersOf([{ x: 0, y: 0, bytes: await user.screenshot() }])).toEqual(painted);
    expect(operator.args).toEqual(asked.args);
    await operator.leave();
    await guacd.untilIdle();
  });

  it("keeps the desktop of an operator who went without a word for 15 seconds, and of one who said so for none", async () => {
    const silent = open();
    await user.untilShown();
    silent.cut();
    const from = Date.now();
    await guacd.untilIdle(30_000);
    expect(Date.now() - from).toBeGreaterThan(5_000);
    const polite = open();
    await polite.until(([opcode]) => opcode === "sync");
    await polite.leave();
    await guacd.untilIdle();
  });

  it("ends every connection with guacd when that is killed", async () => {
    const other = await startGuacd();
    const operator = open({}, other.port);
    await user.untilShown();
    expect(other.children()).toHaveLength(1);
    const [child] = other.children();
    await other.kill();
    await expect.poll(() => operator.closedAfterMs()).toBeDefined();
    expect(existsSync(`/proc/${child}`) && readFileSync(`/proc/${child}/stat`, "utf8").split(" ")[2] !== "Z").toBe(
      false,
    );
    await other.stop();
  });

  it.each([
    ["a shell", terminal],
    ["colours that change", flashing(200)],
    ["lines that scroll", printing(100)],
  ])("shows %s", async (_what, session) => {
    user.show(session);
    const operator = open();
    await user.untilShown();
    await expect.poll(() => operator.pictures.length, { timeout: 5_000 }).toBeGreaterThan(0);
    await operator.leave();
  });

  it("carries Chinese text into the desktop's clipboard and out of it", async () => {
    user.show(typing);
    const operator = open();
    await user.untilShown();
    await new Promise((resolve) => setTimeout(resolve, 700));
    const data = Buffer.from("粘贴的文字").toString("base64");
    operator.send(["clipboard", "0", "text/plain"], ["blob", "0", data], ["end", "0"]);
    await expect.poll(() => user.clipboard().catch(() => ""), { timeout: 5_000 }).toBe("粘贴的文字");
    await user.setClipboard("桌面上的文字");
    const copied = Buffer.from("桌面上的文字").toString("base64");
    await operator.until(([opcode, , blob]) => opcode === "blob" && blob === copied);
    await operator.leave();
  });

  it("hands keys to the desktop and says nothing while frozen", async () => {
    user.show(typing);
    const operator = open();
    await user.untilShown();
    for (const key of ["108", "115", "65293"]) operator.send(["key", key, "1"], ["key", key, "0"]);
    await expect.poll(() => readFileSync(join(user.home, "typed"), "utf8"), { timeout: 5_000 }).toBe("ls\n");
    guacd.freeze();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = operator.heard.length;
    operator.send(["key", "97", "1"], ["key", "97", "0"]);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(operator.heard.length).toBe(before);
    guacd.thaw();
    await expect.poll(() => operator.heard.length).toBeGreaterThan(before);
    await operator.leave();
  });
});
