/**
 * What directories, browsers and people at a keyboard may send where people come in: SCIM's filters and bodies, the query a
 * provider sends a browser back with, codes of terminals and envelopes, identity numbers. Each is read to something of the
 * stated form, or refused in the stated way, whatever it is. Longer by hand, as beside this file.
 */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { hashOfTerminalCode, newTerminalCode } from "../../gateway/broker/factors/terminal-codes.js";
import { hashOfHalves, newCode, SEALED_POWERS } from "../../gateway/broker/proposals/halves.js";
import { normalIdentity } from "../../gateway/broker/registry/identity-number.js";
import { refused } from "../../gateway/domain/index.js";
import { OIDC_RETURN_PATH, scimGroupBody, scimPatchBody, scimUserBody } from "../../gateway/http/contract/index.js";
import { ScimFault } from "../../gateway/http/scim/faults.js";
import { readFilter } from "../../gateway/http/scim/filter.js";
import { readGroupPatch, readUserPatch } from "../../gateway/http/scim/patch.js";
import { createFakeBroker } from "../support/fake-broker-http.js";
import { openDoor, OWN_PAGE } from "../support/http-door.js";

const SECONDS = Number(process.env["GATEHOUSE_FUZZ_SECONDS"] ?? 2);
const BOUNDS = { numRuns: 1e9, interruptAfterTimeLimit: SECONDS * 1000 };
const LONG = (SECONDS + 60) * 1000;
const noise = (maxLength: number) => fc.string({ unit: "binary", maxLength });

/** The value, or the fault of SCIM's own; anything else that is thrown fails the test. */
function read<T>(work: () => T): T | ScimFault {
  try {
    return work();
  } catch (error) {
    if (error instanceof ScimFault && error.status === 400) return error;
    throw error;
  }
}

describe("a SCIM filter", () => {
  const pieces = [
    "userName",
    "active",
    "emails[",
    "]",
    "(",
    ")",
    "not ",
    " eq ",
    " co ",
    " and ",
    " or ",
    " pr",
    '"',
    "\\",
  ];
  const crafted = fc
    .array(fc.oneof(fc.constantFrom(...pieces, "true", "null", "1e999", "urn:ietf:params:scim:"), noise(8)), {
      maxLength: 40,
    })
    .map((parts) => parts.join("").slice(0, 500));
  it(
    "is one known attribute and one bounded value, or invalid",
    () => {
      fc.assert(
        fc.property(fc.oneof(crafted, noise(500)), (text) => {
          const filter = read(() => readFilter(text));
          if (filter instanceof ScimFault) expect(filter.scimType).toBe("invalidFilter");
          else if (filter === undefined) expect(text.trim()).toBe("");
          else {
            expect(["userName", "externalId", "id", "displayName", "active"]).toContain(filter.attribute);
            expect(filter.value.length).toBeLessThanOrEqual(255);
          }
        }),
        BOUNDS,
      );
    },
    LONG,
  );

  it("finds the very value that was quoted", () => {
    const plain = fc.string({ unit: "grapheme", maxLength: 60 });
    fc.assert(
      fc.property(plain, fc.constantFrom("userName", "USERNAME", "externalId"), (value, attribute) => {
        const filter = read(() => readFilter(`${attribute} eq ${JSON.stringify(value)}`));
        expect(filter).toMatchObject({ value });
      }),
      { numRuns: 500 },
    );
  });

  it("takes a value of 255 characters and none longer", () => {
    expect(read(() => readFilter(`id eq "${"x".repeat(255)}"`))).toMatchObject({ attribute: "id" });
    expect(read(() => readFilter(`id eq "${"x".repeat(256)}"`))).toBeInstanceOf(ScimFault);
  });

  it("nested without end is refused, not followed", () => {
    for (const open of ["(", "not (", "emails[", "a.", "userName eq 1 and ("])
      expect(read(() => readFilter(open.repeat(500 / open.length)))).toBeInstanceOf(ScimFault);
  });
});

const paths = [
  "active",
  "userName",
  "displayName",
  "name.formatted",
  "emails",
  'emails[type eq "work"].value',
  "members",
];
const path = fc.oneof(
  fc.constantFrom(
    ...paths,
    "externalId",
    "roles",
    "ENTITLEMENTS[0]",
    "__proto__",
    "constructor",
    'members[value eq "x"]',
  ),
  noise(30),
);
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.dictionary(path, fc.jsonValue({ maxDepth: 3 })),
  fc.constantFrom("True", "FALSE", [{ value: "x" }], { value: "x", primary: true }, [{ value: null }]),
);
const operation = fc.record(
  { op: fc.oneof(fc.constantFrom("add", "Replace", "REMOVE"), noise(10)), path, value },
  { requiredKeys: ["op"] },
);

describe("a SCIM body", () => {
  it(
    "that changes someone becomes bounded text, a flag, or a fault, and never a role",
    () => {
      let [changed, faults] = [0, 0];
      fc.assert(
        fc.property(fc.array(operation, { minLength: 1, maxLength: 6 }), (Operations) => {
          const body = scimPatchBody.safeParse(JSON.parse(JSON.stringify({ Operations })));
          if (!body.success) return;
          const change = read(() => readUserPatch(body.data));
          if (change instanceof ScimFault) {
            faults += 1;
            return;
          }
          changed += 1;
          const { ignored, active, ...texts } = change;
          expect(["boolean", "undefined"]).toContain(typeof active);
          expect(
            Object.keys(texts).filter((key) => !["userName", "displayName", "email", "externalId"].includes(key)),
          ).toEqual([]);
          for (const text of Object.values(texts)) if (text !== null) expect(text.length).toBeLessThanOrEqual(255);
          expect(ignored.every((line) => typeof line === "string")).toBe(true);
        }),
        BOUNDS,
      );
      expect(Math.min(changed, faults)).toBeGreaterThan(20);
      expect(({} as Record<string, unknown>)["userName"]).toBeUndefined();
    },
    LONG,
  );

  it(
    "that changes a group names people by text alone, or is a fault",
    () => {
      fc.assert(
        fc.property(fc.array(operation, { minLength: 1, maxLength: 6 }), (Operations) => {
          const body = scimPatchBody.safeParse(JSON.parse(JSON.stringify({ Operations })));
          const change = body.success ? read(() => readGroupPatch(body.data)) : undefined;
          if (change === undefined || change instanceof ScimFault) return;
          for (const id of [...change.addMembers, ...change.removeMembers, ...(change.setMembers ?? [])]) {
            expect(typeof id).toBe("string");
            expect(id.length).toBeLessThanOrEqual(255);
          }
        }),
        BOUNDS,
      );
    },
    LONG,
  );

  it("of a whole user or group is taken or refused by its schema, without throwing", () => {
    const whole = fc.record({ userName: noise(20), displayName: value, emails: value, name: value, members: value });
    fc.assert(
      fc.property(whole, (body) => {
        for (const schema of [scimUserBody, scimGroupBody])
          expect(typeof schema.safeParse(body).success).toBe("boolean");
      }),
      { numRuns: 500 },
    );
  });
});

describe("the query that a provider sends a browser back with", async () => {
  const seen: string[] = [];
  const test = await openDoor(
    createFakeBroker({
      directories: {
        offers: () => ({ oidc: { name: "x" }, ldap: false, firstTime: false }),
        completeOidc: async ({ callbackUrl }) => {
          seen.push(callbackUrl);
          return refused("directory-refused");
        },
      },
    }).broker,
  );
  afterAll(() => test.door.close());

  it(
    "reaches the directory as the query of our own address, or not at all",
    async () => {
      const pieces = fc.constantFrom(
        "code=",
        "state=",
        "&",
        "#",
        "?",
        "/",
        "//evil.example",
        "@",
        "\\",
        "%00",
        "%",
        "\r\n",
      );
      const crafted = fc.array(fc.oneof(pieces, noise(6)), { maxLength: 20 }).map((parts) => parts.join(""));
      const url = "/api/v1/auth/oidc/callback";
      const statuses = new Set<number>();
      let reached = 0;
      await fc.assert(
        fc.asyncProperty(fc.oneof(crafted, noise(300)), async (query) => {
          seen.length = 0;
          const answer = await test.door.app.inject({ method: "POST", url, headers: OWN_PAGE, payload: { query } });
          statuses.add(answer.statusCode);
          reached += seen.length;
          for (const one of seen) {
            const { origin, pathname, username, password } = new URL(one);
            expect({ origin, pathname, username, password }).toEqual({
              origin: "http://localhost",
              pathname: OIDC_RETURN_PATH,
              username: "",
              password: "",
            });
          }
        }),
        BOUNDS,
      );
      expect([...statuses].sort()).toEqual([400, 403]);
      expect(reached).toBeGreaterThan(20);
    },
    LONG,
  );
});

/** As a hurried person writes a code down and types it again. */
const scrawl = fc.record({ lower: fc.boolean(), gap: fc.constantFrom("", "-", " "), alike: fc.boolean() });
function typed(code: string, { lower, gap, alike }: { lower: boolean; gap: string; alike: boolean }): string {
  const letters = code.replaceAll("-", gap);
  const swapped = alike ? letters.replaceAll("0", "o").replaceAll("1", "l") : letters;
  return lower ? swapped.toLowerCase() : swapped;
}
function otherThan(code: string, at: number): string {
  const place = at % code.length;
  const letter = code[place] === "7" ? "8" : "7";
  return code[place] === "-" ? otherThan(code, at + 1) : code.slice(0, place) + letter + code.slice(place + 1);
}

describe("a terminal's code", () => {
  it("is the same however it is typed, and another when one letter is", () => {
    fc.assert(
      fc.property(scrawl, fc.nat({ max: 8 }), (hand, at) => {
        const { shown, hash } = newTerminalCode();
        expect(hashOfTerminalCode(typed(shown, hand))).toBe(hash);
        expect(hashOfTerminalCode(otherThan(shown, at))).not.toBe(hash);
      }),
      { numRuns: 500 },
    );
  });

  it("is eight letters or nothing, whatever was typed", () => {
    fc.assert(
      fc.property(
        fc.oneof(noise(40), fc.string({ unit: fc.constantFrom("0", "O", "u", "-", " ", "ß", "ﬁ", "Ａ") })),
        (text) => {
          const hash = hashOfTerminalCode(text);
          if (hash !== undefined) expect(hash).toMatch(/^[0-9a-f]{64}$/);
          if (text.length > 16) expect(hash).toBeUndefined();
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe("the halves of an envelope's code", () => {
  const power = fc.constantFrom(...SEALED_POWERS);
  it("are the code in either order and hand, and nothing once a letter is another", () => {
    fc.assert(
      fc.property(power, scrawl, scrawl, fc.nat({ max: 60 }), (of, one, other, at) => {
        const { halves, hash } = newCode(of);
        const [first, second] = [typed(halves[0], one), typed(halves[1], other)];
        expect(hashOfHalves(of, [first, second])).toBe(hash);
        expect(hashOfHalves(of, [second, first])).toBe(hash);
        expect(hashOfHalves(of, [otherThan(halves[0], at), halves[1]])).toBeUndefined();
        expect(hashOfHalves(of, [halves[0], otherThan(halves[1], at)])).toBeUndefined();
        expect(hashOfHalves(of, [halves[0], halves[0]])).toBeUndefined();
        for (const another of SEALED_POWERS.filter((name) => name !== of))
          expect(hashOfHalves(another, halves)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it("are nothing, whatever else was typed", () => {
    fc.assert(
      fc.property(power, noise(80), noise(80), (of, one, other) => {
        expect(hashOfHalves(of, [one, other])).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("an identity number", () => {
  it("has one form, which is its own, or none", () => {
    const digits = fc.string({ unit: fc.constantFrom(..."0123456789xX１２Ｘ -\u3000"), maxLength: 40 });
    fc.assert(
      fc.property(fc.oneof(digits, noise(120)), (text) => {
        const number = normalIdentity(text);
        if (number === undefined) return;
        expect(number).toMatch(/^[0-9A-Z]{6,32}$/);
        expect(normalIdentity(number)).toBe(number);
        expect(normalIdentity(` ${number.toLowerCase().replace(/(.{4})/g, "$1-")} `)).toBe(number);
      }),
      { numRuns: 5_000 },
    );
  });
});
