import { expect, test } from "vitest";
import type { Power, Role } from "./api/types.js";
import { homeOf, maySearch, pagesFor } from "./navigation.js";

const holders: { power: Power | null; roles: Role[] }[] = [];
for (const power of [null, "system", "security", "audit"] as const) {
  for (const roles of [[], ["confirmer"], ["operator"], ["approver"], ["operator", "approver"]] as Role[][])
    holders.push({ power, roles });
}

test("nobody has more than eight entries at the left", () => {
  expect(holders).toHaveLength(20);
  for (const holder of holders) {
    if (holder.power !== "audit" || holder.roles.length === 0)
      expect(pagesFor(holder).length, JSON.stringify(holder)).toBeLessThanOrEqual(8);
  }
});

test("everybody begins at a page that is among the entries, or at their own account", () => {
  for (const holder of holders) {
    const home = homeOf(holder);
    expect(home === "me" || pagesFor(holder).includes(home), JSON.stringify(holder)).toBe(true);
  }
});

test("each role begins where its work is", () => {
  expect(homeOf({ power: null, roles: ["operator", "approver"] })).toBe("access");
  expect(homeOf({ power: null, roles: ["approver"] })).toBe("decisions");
  expect(homeOf({ power: "audit", roles: [] })).toBe("sessions");
  expect(homeOf({ power: "security", roles: [] })).toBe("people");
  expect(homeOf({ power: "system", roles: [] })).toBe("assets");
  expect(homeOf({ power: null, roles: ["confirmer"] })).toBe("proposals");
  expect(homeOf({ power: null, roles: [] })).toBe("me");
});

test("an operator is shown neither recordings nor the search over them", () => {
  expect(pagesFor({ power: null, roles: ["operator"] })).toEqual(["access", "ask"]);
  expect(maySearch({ power: null, roles: ["operator"] })).toBe(false);
});
