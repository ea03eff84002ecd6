import { expect, test } from "vitest";
import { changedElsewhere, mayHold, ownRoles, rolesElsewhere, weightOf } from "./held-roles.js";

const person = {
  unitId: "own",
  holdings: [
    { what: "security", unitId: "own", unitName: "Own" },
    { what: "approver", unitId: "own", unitName: "Own" },
    { what: "approver", unitId: "sister", unitName: "Sister" },
    { what: "operator", unitId: "sister", unitName: "Sister" },
  ],
} as const;

test("tells what is held for the own unit from what is held for others", () => {
  expect(ownRoles(person)).toEqual(["approver"]);
  expect(rolesElsewhere(person)).toEqual([{ unitId: "sister", roles: ["operator", "approver"] }]);
});

test("sends the units that change and no other, also those that lose all", () => {
  const before = rolesElsewhere(person);
  expect(changedElsewhere(before, [{ unitId: "sister", roles: ["approver", "operator"] }])).toEqual([]);
  expect(changedElsewhere(before, [])).toEqual([{ unitId: "sister", roles: [] }]);
  const third = { unitId: "third", roles: ["approver"] } as const;
  expect(changedElsewhere(before, [...before, { ...third, roles: [...third.roles] }])).toEqual([third]);
});

test("lets a confirmer hold nothing else and a vendor's person operate only, whatever the unit", () => {
  const beside = { power: null, roles: [], isOutside: false } as const;
  expect(mayHold("confirmer", beside)).toBe(true);
  expect(mayHold("confirmer", { ...beside, roles: ["approver"] })).toBe(false);
  expect(mayHold("approver", { ...beside, roles: ["confirmer"] })).toBe(false);
  expect(mayHold("approver", { ...beside, power: "audit" })).toBe(false);
  expect(mayHold("approver", { ...beside, isOutside: true })).toBe(false);
});

test("an approver of another unit weighs as much as one of the own, an operator nothing", () => {
  const nothing = weightOf(null, [], []);
  expect(weightOf(null, ["operator"], [{ unitId: "sister", roles: ["operator"] }])).toBe(nothing);
  expect(weightOf(null, [], [{ unitId: "sister", roles: ["approver"] }])).not.toBe(nothing);
});
