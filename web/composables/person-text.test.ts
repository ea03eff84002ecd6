import { describe, expect, it } from "vitest";
import { personText } from "./person-text.js";

describe("a person in a line of text", () => {
  it("names the vendors from his own up to the outermost", () => {
    const named = { login: "li.na", displayName: "李娜", vendorChain: ["Harbour Subcontract", "Harbour"] };
    expect(personText(named)).toBe("李娜 (li.na, Harbour Subcontract › Harbour)");
  });

  it("names none for a unit's own person", () => {
    expect(personText({ login: "wang", displayName: "王伟", vendorChain: [] })).toBe("王伟 (wang)");
  });
});
