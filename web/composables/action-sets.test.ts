import { expect, test } from "vitest";
import { ACTIONS } from "../../gateway/http/contract/constants.js";
import { actionsOf, ticked } from "./action-sets.js";

test("an account is offered its own protocol's actions and no other", () => {
  expect(actionsOf("rdp").every((action) => action.startsWith("rdp."))).toBe(true);
  expect(actionsOf("ssh").some((action) => action.startsWith("rdp."))).toBe(false);
  expect(actionsOf("rdp").length + actionsOf("ssh").length).toBe(ACTIONS.length);
});

test("a desktop's action brings the desktop with it, in the order of the list", () => {
  const offered = actionsOf("rdp");
  expect(ticked(offered, [], "rdp.paste", true)).toEqual(["rdp.connect", "rdp.paste"]);
  expect(ticked(offered, ["rdp.connect"], "rdp.copy", true)).toEqual(["rdp.connect", "rdp.copy"]);
});

test("without the desktop none of its actions stays, and without one of them the desktop does", () => {
  const offered = actionsOf("rdp");
  expect(ticked(offered, ["rdp.connect", "rdp.copy"], "rdp.connect", false)).toEqual([]);
  expect(ticked(offered, ["rdp.connect", "rdp.copy"], "rdp.copy", false)).toEqual(["rdp.connect"]);
});

test("where the desktop is not offered, no tick brings it", () => {
  expect(ticked(["rdp.copy"], [], "rdp.copy", true)).toEqual(["rdp.copy"]);
});

test("a terminal's actions stand alone", () => {
  expect(ticked(actionsOf("ssh"), ["ssh.shell"], "sftp.read", true)).toEqual(["ssh.shell", "sftp.read"]);
  expect(ticked(actionsOf("ssh"), ["ssh.shell", "sftp.read"], "ssh.shell", false)).toEqual(["sftp.read"]);
});
