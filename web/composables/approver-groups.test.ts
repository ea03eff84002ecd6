import { expect, it } from "vitest";
import { approverGroups } from "./approver-groups.js";

const t = (key: string, { unit = "" }: Record<string, string>): string => `${unit} <${key}>`;

it("names the approvers' unit in the reader's words, and what it does not know as it stands", () => {
  const groups = ["approvers of Example Bureau", "the night shift"];
  expect(approverGroups(t, groups)).toBe("Example Bureau <decisions.approversOf> · the night shift");
  expect(approverGroups(t, [])).toBe("—");
});
