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

test("people are told an address that they can type: the page's host where the SSH door listens on every address", () => {
  const publicUrl = "https://gate.example.cn:8443";
  for (const listen of ["0.0.0.0:2222", "[::]:2222"])
    expect(read({ GATEHOUSE_SSH_LISTEN: listen, GATEHOUSE_PUBLIC_URL: publicUrl }).sshPublic, listen).toEqual({
      host: "gate.example.cn",
      port: 2222,
    });
  expect(read({ GATEHOUSE_SSH_LISTEN: "10.0.0.5:22", GATEHOUSE_PUBLIC_URL: publicUrl }).sshPublic.host).toBe(
    "10.0.0.5",
  );
  const told = { GATEHOUSE_SSH_LISTEN: "0.0.0.0:2222", GATEHOUSE_SSH_PUBLIC: "ssh.example.cn:22" };
  expect(read(told).sshPublic).toEqual({ host: "ssh.example.cn", port: 22 });
});

test("a time zone that is none is refused with the configuration, not later", () => {
  expect(read({ GATEHOUSE_TIME_ZONE: "Asia/Shanghai" }).timeZone).toBe("Asia/Shanghai");
  for (const name of ["China/Beijing", "北京", ""])
    expect(() => read({ GATEHOUSE_TIME_ZONE: name }), name).toThrow("GATEHOUSE_TIME_ZONE: is no time zone");
});
