import { describe, expect, it } from "vitest";
import { asId } from "../../domain/index.js";
import type { Reachable } from "../../broker/index.js";
import { drawMenu, openMenu, stepMenu, visible, type MenuState } from "./menu.js";
import { textsFor } from "./texts.js";

function item(account: string, asset: string, more: Partial<Reachable> = {}): Reachable {
  return {
    accountId: asId(`${account}-${asset}`),
    accountLogin: account,
    assetId: asId(asset),
    assetName: asset,
    assetDescription: "",
    protocol: "ssh",
    actions: ["ssh.shell"],
    grant: null,
    pendingRequestId: null,
    ...more,
  };
}
const ITEMS = [
  item("root", "web-01"),
  item("deploy", "web-02"),
  item("postgres", "db-01", { assetDescription: "main database" }),
];

function typeAll(text: string, from: MenuState = openMenu(ITEMS)): MenuState {
  const step = stepMenu(from, { type: "text", text });
  if (step.type !== "shown") throw new Error(step.type);
  return step.state;
}

describe("the menu", () => {
  it("filters by every typed word, in name or description", () => {
    expect(visible(typeAll("web"))).toEqual([ITEMS[0], ITEMS[1]]);
    expect(visible(typeAll("data 01"))).toEqual([ITEMS[2]]);
    expect(visible(typeAll("nothing"))).toEqual([]);
  });

  it("takes a number that names an item as a choice, not as a filter", () => {
    const state = typeAll("3");
    expect(visible(state)).toHaveLength(3);
    expect(stepMenu(state, { type: "enter" })).toEqual({ type: "chosen", item: ITEMS[2] });
    expect(visible(typeAll("01"))).toHaveLength(3);
    expect(visible(typeAll("9"))).toEqual([]);
  });

  it("moves within the list and opens what the cursor is on", () => {
    let state = openMenu(ITEMS);
    for (const key of ["down", "down", "down", "up"] as const) {
      const step = stepMenu(state, { type: key });
      if (step.type === "shown") state = step.state;
    }
    expect(state.cursor).toBe(1);
    expect(stepMenu(state, { type: "enter" })).toEqual({ type: "chosen", item: ITEMS[1] });
  });

  it("quits on q with nothing typed, on Ctrl-C and Ctrl-D; q in a filter is a letter", () => {
    expect(stepMenu(openMenu(ITEMS), { type: "text", text: "q" })).toEqual({ type: "quit" });
    expect(typeAll("q", typeAll("s")).typed).toBe("sq");
    expect(stepMenu(openMenu(ITEMS), { type: "interrupt" })).toEqual({ type: "quit" });
    expect(stepMenu(openMenu(ITEMS), { type: "eof" })).toEqual({ type: "quit" });
  });

  it("does nothing on Enter when nothing matches", () => {
    expect(stepMenu(typeAll("zzz"), { type: "enter" }).type).toBe("shown");
  });

  it("shows foreign text as text, in the person's language, within the terminal's width", () => {
    const hostile = [item("root", "x", { assetDescription: "a\x1b[2J\x1b]0;owned\x07b" })];
    const drawn = drawMenu(openMenu(hostile), { cols: 60, rows: 24 }, "Ev\x1b[1mil", textsFor("zh-CN"), 0);
    expect(drawn).not.toContain("\x1b[2J\x1b]0");
    expect(drawn).not.toContain("\x1b[1m");
    expect(drawn).toContain("可申请");
    const plain = drawn.split("\x1b[").map((part, at) => (at === 0 ? part : part.replace(/^[0-9;?]*[A-Za-z]/, "")));
    const lines = plain.join("").split("\r\n");
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
  });

  it("keeps the cursor in sight of a long list", () => {
    const many = Array.from({ length: 200 }, (_, at) => item("root", `host-${at}`));
    const drawn = drawMenu({ items: many, typed: "", cursor: 150 }, { cols: 100, rows: 20 }, "A", textsFor("en"), 0);
    expect(drawn).toContain("host-150");
    expect(drawn.split("\r\n").length).toBeLessThanOrEqual(20);
  });
});
