import { expect, test } from "vitest";
import { ConfigError, readConfig } from "./config.js";

const read = (environment: NodeJS.ProcessEnv) => readConfig(environment, { demo: false, root: "/nowhere" });

test("a directory is asked after everybody within five minutes at most, makes nobody unless told, and proves no factor", () => {
  expect(read({})).toMatchObject({
    directoryCheckSeconds: 240,
    justInTime: false,
    operatorGroups: [],
    oidcSecondFactor: [],
  });
  expect(read({ GATEHOUSE_DIRECTORY_CHECK_SECONDS: "300" }).directoryCheckSeconds).toBe(300);
  for (const seconds of ["301", "0", "-5", "1e9", "a day"])
    expect(() => read({ GATEHOUSE_DIRECTORY_CHECK_SECONDS: seconds }), seconds).toThrow(ConfigError);
});

test("a group is mapped to the operator role alone: there is no setting for another", () => {
  for (const name of ["AUDITOR_GROUPS", "APPROVER_GROUPS", "SECURITY_GROUPS", "GROUPS"])
    expect(() => read({ [`GATEHOUSE_${name}`]: "ops" }), name).toThrow("no such setting");
});
