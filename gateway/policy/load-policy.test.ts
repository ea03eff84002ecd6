import { cpSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { loadPolicy, type Policy, type PolicyPerson } from "./index.js";

const DEFAULT = fileURLToPath(new URL("../../policies/default", import.meta.url));
const person = (id: string, more: Partial<PolicyPerson> = {}): PolicyPerson => ({
  id,
  unitId: "u",
  vendorChain: [],
  roles: [],
  power: null,
  ...more,
});
const account = { id: "c", unitId: "u", assetId: "s" };

let policy: Policy;
beforeAll(async () => {
  policy = await loadPolicy(DEFAULT);
});

describe("the default bundle", () => {
  test("loads with all its cases, each file's at least one", () => {
    expect(policy.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test("permits nobody anything of his own accord: no role, no power, no grant", () => {
    const nobody = person("n");
    for (const act of ["watch", "stop", "replay", "export", "search", "open-input"] as const) {
      expect(policy.decide({ act, person: nobody, owner: person("o") })).toEqual({
        allowed: false,
        decidedBy: ["default-deny"],
      });
    }
    const use = { act: "use", person: nobody, account, action: "ssh.shell", granted: true, grantLive: true } as const;
    expect(policy.decide(use).allowed).toBe(false);
  });

  test("never lets anyone decide, watch or replay what is his own, whatever he holds", () => {
    fc.assert(
      fc.property(
        fc.subarray(["operator", "approver"] as const),
        fc.constantFrom("system", "security", "audit", null),
        fc.subarray(["a", "b"]),
        fc.constantFrom("watch", "replay", "export", "search", "open-input"),
        (roles, power, vendorChain, act) => {
          const who = person("p", { roles, power, vendorChain });
          expect(policy.decide({ act: "approve", person: who, requester: who, already: false }).allowed).toBe(false);
          expect(policy.decide({ act, person: who, owner: who }).allowed).toBe(false);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("decides within two milliseconds, as the quickest of many on a busy machine shows", () => {
    const who = person("p", { roles: ["operator"] });
    const took = Array.from({ length: 500 }, () => {
      const began = performance.now();
      policy.decide({ act: "use", person: who, account, action: "ssh.exec", granted: true, grantLive: true });
      return performance.now() - began;
    });
    expect(Math.min(...took)).toBeLessThan(2);
  });

  test("an id that Cedar would have to quote is data", () => {
    const odd = person('x"} or true //', { roles: ["approver"] });
    expect(policy.decide({ act: "watch", person: odd, owner: person("o") }).decidedBy).toEqual(["watch-approver"]);
  });

  test("a query the schema does not know never permits", () => {
    const forged = { act: "use", person: person("p"), account, action: 7, granted: true, grantLive: true };
    expect(policy.decide(forged as unknown as Parameters<Policy["decide"]>[0])).toEqual({
      allowed: false,
      decidedBy: ["error"],
    });
  });
});

describe("a bundle loads whole or not at all", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gatehouse-policy-"));
    cpSync(DEFAULT, folder, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const edit = (name: string, change: (text: string) => string): void => {
    const path = join(folder, name);
    const before = readFileSync(path, "utf8");
    const after = change(before);
    expect(after).not.toBe(before);
    writeFileSync(path, after);
  };
  const add = (name: string, text: string): void => edit(name, (before) => `${before}\n${text}`);

  test("the copy loads, with the same digest; one changed comment changes it", async () => {
    expect((await loadPolicy(folder)).digest).toBe(policy.digest);
    add("access.cedar", "// changed");
    expect((await loadPolicy(folder)).digest).not.toBe(policy.digest);
  });

  const wrong: readonly (readonly [string, () => void, RegExp])[] = [
    ["a policy that does not parse", () => add("access.cedar", "permit (princi"), /access\.cedar/],
    ["a policy without an id", () => add("access.cedar", "permit (principal, action, resource);"), /no @id/],
    [
      "an id that is taken",
      () => add("review.cedar", '@id("use-granted") forbid (principal, action, resource);'),
      /is taken/,
    ],
    [
      "an id that means something else",
      () => add("review.cedar", '@id("error") forbid (principal, action, resource);'),
      /is taken/,
    ],
    [
      "an attribute the schema does not know",
      () =>
        add(
          "access.cedar",
          '@id("x") permit (principal, action == Action::"use", resource) when { principal.rank > 3 };',
        ),
      /rank/,
    ],
    [
      "an action the schema does not know",
      () => add("access.cedar", '@id("x") permit (principal, action == Action::"fly", resource);'),
      /x:/,
    ],
    ["a schema that does not parse", () => add("schema.cedarschema", "entity Person {"), /schema\.cedarschema/],
    [
      "a case that comes out otherwise",
      () => edit("access.cases.yaml", (text) => text.replace("allowed: true", "allowed: false")),
      /access\.cases\.yaml: the case .* expects "deny/,
    ],
    [
      "a rule whose removal a case notices",
      () =>
        edit("access.cedar", (text) =>
          text.replace("when { principal == resource }", 'when { principal.power == "system" }'),
        ),
      /decides his own request/,
    ],
    [
      "an exec case that comes out otherwise",
      () => add("exec.cases.yaml", '  - { run: "vi x", is: command }'),
      /exec\.cases\.yaml/,
    ],
    [
      "an unknown key in approvals",
      () => edit("approvals.yaml", (text) => text.replace("approvals: 1", "approvers: 1")),
      /"approvers" is not known/,
    ],
    [
      "an obligation that the gate does not keep",
      () => edit("approvals.yaml", (text) => text.replace("[watermark]", "[watcher]")),
      /obligations.*one of no-download, watermark/,
    ],
    [
      "an obligation that a case does not expect",
      () => edit("approvals.yaml", (text) => text.replace("[watermark]", "[watermark, no-download]")),
      /a vendor's desktop with files expects/,
    ],
    [
      "an unknown key in a case",
      () => edit("review.cases.yaml", (text) => text.replace("act: watch,", "act: watch, actt: x,")),
      /"actt" is not known/,
    ],
    [
      "a key written twice",
      () => edit("approvals.yaml", (text) => text.replace("version: 1", "version: 1\nversion: 1")),
      /approvals\.yaml/,
    ],
    [
      "an alias",
      () => edit("approvals.yaml", (text) => text.replace("[ssh.forward]", "&a [ssh.forward]\n    x: *a")),
      /approvals\.yaml|alias/i,
    ],
    [
      "no last rule",
      () => edit("approvals.yaml", (text) => text.replace(/ {2}- id: standard[^]*$/, "")),
      /the last rule/,
    ],
    [
      "two rules of one id",
      () => edit("approvals.yaml", (text) => text.replace("id: vendor\n", "id: forward\n")),
      /one id/,
    ],
    [
      "no approval at all",
      () => edit("approvals.yaml", (text) => text.replace("approvals: 1", "approvals: 0")),
      /from 1 to 5/,
    ],
    [
      "an endless grant",
      () => edit("approvals.yaml", (text) => text.replace("longest: 4h", "longest: forever")),
      /a duration/,
    ],
    [
      "an action nobody knows",
      () => edit("approvals.yaml", (text) => text.replace("ssh.forward", "ssh.agent")),
      /one of ssh\.shell/,
    ],
    [
      "a file without cases beside it",
      () => unlinkSync(join(folder, "review.cases.yaml")),
      /review\.cases\.yaml: the file is missing/,
    ],
    ["no exec cases", () => unlinkSync(join(folder, "exec.cases.yaml")), /exec\.cases\.yaml: the file is missing/],
    ["an empty case file", () => writeFileSync(join(folder, "review.cases.yaml"), "people: {}\n"), /no case in it/],
    [
      "more text than two persons are handed",
      () =>
        ["one", "two", "three"].forEach((name) => writeFileSync(join(folder, `${name}.cedar`), "/".repeat(400_000))),
      /two\.cedar: the bundle is too large/,
    ],
    [
      "more text than its bytes on the disk",
      () => writeFileSync(join(folder, "one.cedar"), Buffer.alloc(400_000, 0xff)),
      /one\.cedar: the bundle is too large/,
    ],
    [
      "more files than anybody reads",
      () => Array.from({ length: 200 }, (_, at) => writeFileSync(join(folder, `x${String(at)}.cedar`), "")),
      /too many files/,
    ],
    ["a file it does not know", () => writeFileSync(join(folder, "notes.txt"), "x"), /not part of a bundle/],
  ];
  test.each(wrong)("%s refuses it", async (_name, spoil, message) => {
    spoil();
    await expect(loadPolicy(folder)).rejects.toThrow(message);
  });
});

test("approval rules: the first that fits decides", () => {
  const rule = (actions: Parameters<Policy["approvalRule"]>[0]["actions"], vendor: boolean): string =>
    policy.approvalRule({ actions, unitId: "u", vendor }).id;
  expect(rule(["ssh.forward"], false)).toBe("forward");
  expect(rule(["ssh.shell"], true)).toBe("vendor");
  expect(rule(["ssh.shell"], false)).toBe("standard");
});

describe("exec", () => {
  test("whatever is typed gets an answer, and quickly", () => {
    const shellish = fc.array(fc.constantFrom(..."abvish;|&<>(){}[]$`'\"\\ \n#!*?~=-/0"), { maxLength: 60 });
    fc.assert(
      fc.property(shellish, (parts) => {
        const verdict = policy.classifyExec(parts.join(""), { pty: false });
        expect(["command", "shell", "scp", "rsync", "sftp"]).toContain(verdict.kind);
      }),
      { numRuns: 2000 },
    );
  });

  test("a command longer than the bound needs a shell, one at the bound does not", () => {
    const run = (length: number): unknown => policy.classifyExec(`echo ${"x".repeat(length - 5)}`, { pty: false });
    expect(run(32_768)).toEqual({ kind: "command" });
    expect(run(32_769)).toEqual({ kind: "shell", why: "too-long" });
  });

  test("deep nesting ends in an answer", () => {
    const deep = `${"$(".repeat(2000)}ls${")".repeat(2000)}`;
    expect(policy.classifyExec(`echo ${deep}`, { pty: false }).kind).toMatch(/command|shell/);
  });

  test("an editor stays an editor behind whatever readable command comes before or after", () => {
    const words = fc.constantFrom("ls", "id -u", "cat x", "FOO=1 sort", "echo 'a;b'", "true");
    const between = fc.constantFrom(";", " && ", " || ", "\n", " | ", " & ");
    fc.assert(
      fc.property(fc.array(words, { minLength: 1, maxLength: 4 }), between, fc.nat(), (commands, sign, at) => {
        const spot = at % (commands.length + 1);
        const text = [...commands.slice(0, spot), "vi x", ...commands.slice(spot)].join(sign);
        expect(policy.classifyExec(text, { pty: false })).toEqual({ kind: "shell", why: "editor" });
        expect(policy.classifyExec(commands.join(sign), { pty: false })).toEqual({ kind: "command" });
      }),
      { numRuns: 300 },
    );
  });
});
