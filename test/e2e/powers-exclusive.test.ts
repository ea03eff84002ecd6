/**
 * The three powers attacked by those who administrate, on a real gateway over SQLite and over PostgreSQL: through the API, in races, by
 * the sealed envelopes and by the policy folder. After each try the rows of the database itself are what they were, the answer says
 * why, and what the rules of the powers refused stands in the log.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Api, type Credentials } from "../support/gatehouse.js";
import { openPowersHouse, REASON } from "../support/powers-house.js";

describe.each(["SQLite", "PostgreSQL"] as const)("the three powers on %s", (kind) => {
  const at = openPowersHouse(kind);
  const { rows, idOf, count, nothing, problem, confirmed, confirming, propose, withdraw, newcomer } = at;

  test("the API makes nobody two things at once", async () => {
    const grace = await at.house.as("grace");
    for (const both of [
      { power: "audit", roles: ["operator"] },
      { power: "audit", roles: ["approver"] },
      { power: "system", roles: ["confirmer"] },
      { power: "security", roles: ["confirmer"] },
      { power: null, roles: ["confirmer", "operator"] },
      { power: null, roles: ["confirmer", "approver"] },
    ])
      expect(
        (await nothing(JSON.stringify(both), () => problem(grace, "POST", "/people", newcomer(both)), "power.refused"))
          .code,
      ).toBe("exclusive-powers");
    for (const change of [{ roles: ["operator"] }, { roles: ["approver"] }, { roles: ["confirmer"] }])
      expect(
        (
          await nothing(
            `ivan ${JSON.stringify(change)}`,
            () => problem(grace, "PATCH", `/people/${idOf("ivan")}`, { ...change, reason: REASON }),
            "power.refused",
          )
        ).code,
      ).toBe("exclusive-powers");
    for (const body of [
      { power: ["system", "audit"] },
      { power: "system,audit" },
      { power: "AUDIT" },
      { power: "ａｕｄｉｔ" },
      { powers: ["system", "audit"] },
      { roles: ["Operator"] },
      { roles: ["confirmer\u200b"] },
      { vendorId: null },
      { unitId: at.top },
      { credentialEpoch: 1 },
      { createdBy: null },
    ])
      expect(
        (await nothing(JSON.stringify(body), () => problem(grace, "PATCH", `/people/${idOf("bob")}`, body))).code,
      ).toBe("invalid-input");
  });

  test("a vendor's person is an operator at most, and nobody becomes a vendor's", async () => {
    const grace = await at.house.as("grace");
    for (const change of [
      { power: "system" },
      { power: "audit", roles: [] },
      { roles: ["operator", "approver"] },
      { roles: ["confirmer"] },
    ])
      expect(
        (
          await nothing(
            `alice ${JSON.stringify(change)}`,
            () => problem(grace, "PATCH", `/people/${idOf("alice")}`, { ...change, reason: REASON }),
            "power.refused",
          )
        ).code,
      ).toMatch(/vendor-person|exclusive-powers/);
    const [vendor] = await rows(
      `SELECT "vendor_id" AS "v", "contract_id" AS "c" FROM "person" WHERE "login" = 'alice'`,
    );
    const held = {
      vendorId: vendor?.["v"],
      contractId: vendor?.["c"],
      sponsorId: idOf("dave"),
      identityNumber: "11010119900307299X",
    };
    for (const more of [{ power: "security" }, { roles: ["approver"] }])
      expect(
        (
          await nothing(
            "a vendor's newcomer",
            () => problem(grace, "POST", "/people", newcomer({ ...held, ...more })),
            "power.refused",
          )
        ).code,
      ).toBe("vendor-person");
    const bound = await nothing("carol under a contract", () =>
      problem(grace, "PATCH", `/people/${idOf("carol")}`, { contractId: vendor?.["c"] }),
    );
    expect(bound.code).toMatch(/invalid-input|not-under-contract|not-found/);
  });

  test("one person alone gives and takes nothing, through whatever session, digest or disguise", async () => {
    const grace = await at.house.as("grace");
    const proposal = await nothing("only proposed", () => propose("bob", { power: "system" }));
    const again = await new Api(at.house.http).signIn(at.house.people.get("grace") as Credentials, 1);
    expect(
      (await nothing("the proposer, from another session", () => confirming(again, proposal), "power.refused")).code,
    ).toBe("needs-second-person");
    expect((await nothing("the proposer", () => confirming(grace, proposal), "power.refused")).code).toBe(
      "needs-second-person",
    );
    for (const login of ["bob", "alice", "carol", "erin", "ivan"])
      expect((await nothing(login, async () => confirming(await at.house.as(login), proposal))).code).toMatch(
        /forbidden|not-found/,
      );
    const heidi = await at.house.as("heidi");
    for (const digest of [
      "0".repeat(64),
      (await rows(`SELECT "digest" FROM "proposal" WHERE "state" = 'confirmed'`))[0]?.["digest"],
    ])
      expect(
        (
          await nothing("another digest", () =>
            problem(heidi, "POST", `/proposals/${proposal.id}/confirmation`, { digest }),
          )
        ).code,
      ).toBe("stale");
    await withdraw(proposal.id);
    expect((await nothing("withdrawn", () => confirming(heidi, proposal))).code).toBe("already-decided");
    const second = await propose("bob", { power: "system" });
    expect(second.digest).toBe(proposal.digest);
    expect(
      (await nothing("the digest of before, replayed at what was withdrawn", () => confirming(heidi, proposal))).code,
    ).toBe("already-decided");
    await heidi.call("POST", `/proposals/${second.id}/rejection`, { reason: "nobody asked me" });
    expect((await nothing("rejected", () => confirming(heidi, second))).code).toBe("already-decided");
    expect(
      (
        await nothing("oneself", () =>
          problem(grace, "PATCH", `/people/${idOf("grace")}`, { roles: ["approver"], reason: REASON }),
        )
      ).code,
    ).toBe("forbidden");
    for (const login of ["erin", "ivan", "carol", "bob"])
      expect(
        (
          await nothing(`by ${login}`, async () =>
            problem(await at.house.as(login), "PATCH", `/people/${idOf("bob")}`, {
              power: "audit",
              roles: [],
              reason: REASON,
            }),
          )
        ).code,
      ).toBe("forbidden");
  });

  test("no second person is made for the purpose, none is the one it is about, and none is disabled", async () => {
    const made = await at.house.newPerson([], "security");
    at.remember(made.login, made.id);
    const carla = await new Api(at.house.http).signIn(made);
    const proposal = await propose("bob", { roles: ["operator", "approver"] });
    expect(
      (await nothing("made by the proposer a minute ago", () => confirming(carla, proposal), "power.refused")).code,
    ).toBe("approves-later");
    await withdraw(proposal.id);
    const about = await propose(made.login, { roles: ["approver"] });
    expect((await nothing("about himself", () => confirming(carla, about), "power.refused")).code).toBe("own-request");
    await withdraw(about.id);
    const reset = await (
      await at.house.as("grace")
    ).call("POST", `/people/${made.id}/factor-reset`, { reason: REASON });
    expect(reset.enrolmentToken).toBeNull();
    expect((await nothing("one's own reset", () => confirming(carla, reset.proposal), "power.refused")).code).toBe(
      "own-request",
    );
    await withdraw(reset.proposal.id);
    const open = await propose("bob", { power: "system" }, "heidi");
    await (await at.house.as("grace")).call("PATCH", `/people/${made.id}`, { state: "disabled" });
    expect((await nothing("disabled", () => confirming(carla, open))).code).toBe("unauthenticated");
    await withdraw(open.id, "heidi");
    const waking = await nothing("waking a holder is only proposed", () => propose(made.login, { state: "active" }));
    await withdraw(waking.id);
    const taken = await propose(made.login, { power: null });
    await confirmed("heidi", taken.id);
    expect(await rows(`SELECT "state" FROM "person" WHERE "id" = '${made.id}'`)).toEqual([{ state: "disabled" }]);
    // What was his does not come back with him.
    await nothing("awake again, without", async () =>
      (await at.house.as("grace")).call("PATCH", `/people/${made.id}`, { state: "active" }),
    );
    expect(await rows(`SELECT "power" FROM "power_holding" WHERE "id" = '${made.id}'`)).toEqual([]);
  });

  test("of races one wins, and never two things at once", async () => {
    const third = await at.house.newPerson([], "security");
    const target = await at.house.newPerson(["operator"]);
    at.remember(target.login, target.id);
    const proposal = await propose(target.login, { power: "audit", roles: [] });
    const [heidi, grace] = [await at.house.as("heidi"), await at.house.as("grace")];
    const mallory = await new Api(at.house.http).signIn(third);
    const path = `/proposals/${proposal.id}/confirmation`;
    const answers = await Promise.all([
      heidi.raw("POST", path, { digest: proposal.digest }),
      heidi.raw("POST", path, { digest: proposal.digest }),
      mallory.raw("POST", path, { digest: proposal.digest }),
      grace.raw("PATCH", `/people/${target.id}`, { displayName: "In between" }),
    ]);
    expect(answers.slice(0, 3).filter((answer) => answer.ok).length).toBeLessThanOrEqual(1);
    const before = await count("power.granted");
    const held = await rows(`SELECT "power" FROM "power_holding" WHERE "id" = '${target.id}'`);
    const roles = await rows(`SELECT "role" FROM "role_holding" WHERE "person_id" = '${target.id}'`);
    expect(held.length === 0 || roles.length === 0).toBe(true);
    const racers = await Promise.all(
      ["operator", "approver"].map((role) =>
        grace.raw("PATCH", `/people/${target.id}`, { roles: [role], reason: REASON }),
      ),
    );
    if (held.length > 0) for (const racer of racers) expect(racer.status).toBe(409);
    expect(await count("power.granted")).toBe(before);
    // Both close the other at the same moment: someone stays who can decide.
    const able = `SELECT COUNT(*) AS "n" FROM "power_holding" h JOIN "person" p ON p."id" = h."id" WHERE h."power" = 'system' AND p."state" = 'active'`;
    const closings = await Promise.all([
      grace.raw("PATCH", `/people/${idOf("erin")}`, { state: "disabled" }),
      heidi.raw("PATCH", `/people/${idOf("frank")}`, { state: "disabled" }),
    ]);
    expect(closings.filter((answer) => answer.ok)).toHaveLength(1);
    expect(Number((await rows(able))[0]?.["n"])).toBe(1);
    const closed = closings[0]?.ok === true ? "erin" : "frank";
    const wake = await propose(closed, { state: "active" });
    await confirmed("heidi", wake.id);
  });

  test("a broken glass takes both halves of one seal, a day, and opens once", async () => {
    const nobody = new Api(at.house.http);
    const [first = "", second = ""] = at.halves.get("audit") ?? [];
    const person = { login: "glass", displayName: "Glass", locale: "en" };
    const [other] = at.halves.get("security") ?? [];
    for (const pair of [
      [first, first],
      [second, second],
      [first, other],
      [first, second.replace(/.$/, (letter) => (letter === "7" ? "8" : "7"))],
    ])
      expect(
        (
          await nothing(
            "wrong halves",
            () => problem(nobody, "POST", "/break-glass", { ...person, power: "audit", halves: pair }),
            "break-glass.refused",
          )
        ).code,
      ).toMatch(/sign-in-refused|too-many-tries/);
    const shown = await nothing(
      "both, while auditors can act",
      () => nobody.raw("POST", "/break-glass", { ...person, power: "audit", halves: [first, second] }),
      "break-glass.shown",
    );
    expect(await shown.json()).toMatchObject({ opensAt: expect.any(Number) as number });
    expect(
      (
        await nothing("one of another power refuses", async () =>
          problem(await at.house.as("grace"), "POST", "/break-glass/audit/refusal"),
        )
      ).code,
    ).toBe("forbidden");
    await nothing(
      "an auditor refuses",
      async () => (await at.house.as("ivan")).call("POST", "/break-glass/audit/refusal"),
      "break-glass.refused",
    );
    expect(
      (
        await nothing(
          "void",
          () => problem(nobody, "POST", "/break-glass", { ...person, power: "audit", halves: [first, second] }),
          "break-glass.refused",
        )
      ).code,
    ).toBe("sign-in-refused");
  });

  test("another policy in the folder changes nothing, not even at a start", async () => {
    const security = await at.house.as("grace");
    const before = await security.call("GET", "/policy");
    const file = join(at.policies, "sign-in.yaml");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, `${text}\n# nobody confirmed this\n`);
    const now = await nothing("the folder alone", () => security.call("GET", "/policy"));
    expect(now.inForce).toBe(before.inForce);
    expect(now.inFolder).not.toBe(before.inForce);
    const alone = await security.call("POST", "/policy", { digest: now.inFolder, reason: REASON });
    expect((await nothing("its proposer", () => confirming(security, alone), "power.refused")).code).toBe(
      "needs-second-person",
    );
    writeFileSync(file, `${text}\n# nor this, laid there after the proposal\n`);
    expect((await nothing("swapped", async () => confirming(await at.house.as("heidi"), alone))).code).toBe("stale");
    await withdraw(alone.id);
    await nothing(
      "a start",
      async () => {
        await at.restart();
      },
      "policy.loaded",
    );
    expect((await security.call("GET", "/policy")).inForce).toBe(before.inForce);
    writeFileSync(file, text);
  });
});
