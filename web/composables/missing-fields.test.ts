import { expect, test } from "vitest";
import type { CreateContractBody, CreatePersonBody } from "../api/types.js";
import { isReason, missingOfContract, missingOfPerson } from "./missing-fields.js";

const OWN: CreatePersonBody = { login: "zhou", displayName: "周敏", locale: "zh-CN", power: null, roles: ["operator"] };
const NEW = { isNew: true, reason: undefined };
const EMPTY: CreateContractBody = {
  unitId: "u",
  vendorId: "",
  number: " ",
  title: "",
  scope: { assetIds: [], accountIds: [], actions: [] },
  fromDate: "",
  toDate: "",
  ownerId: "",
};

test("of a unit's own person login and name are needed, of a vendor's whose he is as well", () => {
  expect(missingOfPerson({ ...OWN, login: " ", displayName: "" }, NEW)).toEqual(["login", "displayName"]);
  expect(missingOfPerson(OWN, NEW)).toEqual([]);
  const outside = { ...OWN, vendorId: "v" };
  expect(missingOfPerson(outside, NEW)).toEqual(["contractId", "sponsorId", "identityNumber"]);
  expect(missingOfPerson(outside, { ...NEW, isNew: false })).toEqual(["contractId", "sponsorId"]);
  expect(missingOfPerson({ ...outside, contractId: "c", sponsorId: "s", identityNumber: "X1" }, NEW)).toEqual([]);
});

test("a reason is needed where two persons must agree, and is three characters at least", () => {
  expect(missingOfPerson(OWN, { isNew: false, reason: "巡检" })).toEqual(["reason"]);
  expect(missingOfPerson(OWN, { isNew: false, reason: "年检前" })).toEqual([]);
  expect([isReason("  a b "), isReason("  ab ")]).toEqual([true, false]);
});

test("a contract needs everything but single accounts", () => {
  const all = ["number", "vendorId", "title", "fromDate", "toDate", "ownerId", "assetIds", "actions"];
  expect(missingOfContract(EMPTY)).toEqual(all);
  const scope: CreateContractBody["scope"] = { assetIds: ["a"], accountIds: [], actions: ["ssh.shell"] };
  const filled = { ...EMPTY, number: "1", vendorId: "v", title: "t", ownerId: "o", scope };
  expect(missingOfContract({ ...filled, fromDate: "2026-01-01", toDate: "" })).toEqual(["toDate"]);
});
