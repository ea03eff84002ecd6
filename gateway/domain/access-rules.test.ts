import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  afterVerdict,
  alertMay,
  canonicalText,
  forwardIsNamed,
  grantMay,
  grantStateAt,
  grantWindow,
  mayContinue,
  requestDigestInput,
  requestMay,
  requestStateAt,
  sessionMay,
  type DigestedRequest,
} from "./access-rules.js";
import { asId, type PersonId } from "./index.js";

const content: DigestedRequest = {
  requesterId: "p",
  contractId: null,
  reason: '磁盘告警\n"x"',
  workOrder: "WO",
  windowFrom: 1,
  durationMs: 2,
  items: [
    {
      accountId: "b",
      assetId: "x",
      assetPin: "1",
      actions: ["ssh.exec", "ssh.shell"],
      limits: { forwardTo: [] },
      desktop: null,
    },
    {
      accountId: "a",
      assetId: "y",
      assetPin: "2",
      actions: ["ssh.forward"],
      limits: {
        forwardTo: [
          { host: "h", port: 2 },
          { host: "g", port: 1 },
        ],
      },
      desktop: null,
    },
  ],
};

describe("a request's digest", () => {
  it("is the same text for the same content in another order", () => {
    const [first, second] = content.items;
    const turned = {
      ...content,
      items: [second, first].flatMap((item) =>
        item === undefined
          ? []
          : [
              {
                ...item,
                actions: [...item.actions].reverse(),
                limits: { forwardTo: [...item.limits.forwardTo].reverse() },
              },
            ],
      ),
    };
    expect(requestDigestInput(turned)).toBe(requestDigestInput(content));
  });

  it("differs with anything an approver decides on", () => {
    const [first, second] = content.items;
    if (first === undefined || second === undefined) throw new Error("two items");
    const others: DigestedRequest[] = [
      { ...content, requesterId: "q" },
      { ...content, contractId: "c" },
      { ...content, reason: "x" },
      { ...content, workOrder: "" },
      { ...content, windowFrom: 2 },
      { ...content, durationMs: 3 },
      { ...content, items: [first] },
      ...[
        { accountId: "c" },
        { assetId: "z" },
        { assetPin: "3" },
        { actions: ["ssh.shell"] as const },
        { desktop: { security: "any", acceptsMissing: false } as const },
        { desktop: { security: "nla", acceptsMissing: false } as const },
        { desktop: { security: "any", acceptsMissing: true } as const },
      ].map((more) => ({
        ...content,
        items: [{ ...first, ...more }, second],
      })),
      { ...content, items: [first, { ...second, limits: { forwardTo: [{ host: "h", port: 3 }] } }] },
    ];
    const texts = new Set([content, ...others].map(requestDigestInput));
    expect(texts.size).toBe(others.length + 1);
  });

  it("sorts members by UTF-16 units, as RFC 8785 asks", () => {
    expect(canonicalText({ "\u20ac": 1, "\r": "\r", "1": null, "\u0080": [true, { b: 1, a: 2 }] })).toBe(
      '{"\\r":"\\r","1":null,"\u0080":[true,{"a":2,"b":1}],"€":1}',
    );
  });
});

describe("states by the clock", () => {
  const grant = { state: "active", from: 100, to: 200 } as const;
  it("begin and end exactly on their moment", () => {
    expect([99, 100, 199, 200].map((now) => grantStateAt({ ...grant, state: "scheduled" }, now))).toEqual([
      "scheduled",
      "active",
      "active",
      "expired",
    ]);
    expect(grantStateAt({ ...grant, state: "revoked" }, 150)).toBe("revoked");
    expect(grantStateAt({ ...grant, state: "suspended" }, 150)).toBe("suspended");
    expect(grantStateAt({ ...grant, state: "suspended" }, 200)).toBe("expired");
    expect([9, 10].map((now) => requestStateAt({ state: "pending", lapsesAt: 10 }, now))).toEqual([
      "pending",
      "lapsed",
    ]);
    expect(requestStateAt({ state: "approved", lapsesAt: 10 }, 99)).toBe("approved");
  });

  it("clip a grant by every bound, and leave none when nothing is left", () => {
    expect(grantWindow({ windowFrom: 5, durationMs: 10 }, 7, [null])).toEqual({ from: 7, to: 17 });
    expect(grantWindow({ windowFrom: 50, durationMs: 10 }, 7, [55, null, 58])).toEqual({ from: 50, to: 55 });
    expect(grantWindow({ windowFrom: 50, durationMs: 10 }, 7, [50])).toBeUndefined();
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.integer({ min: 1, max: 1000 }),
        fc.nat(1000),
        fc.array(fc.option(fc.nat(2000))),
        (windowFrom, durationMs, at, bounds) => {
          const window = grantWindow({ windowFrom, durationMs }, at, bounds);
          if (window === undefined) return bounds.some((bound) => bound !== null && bound <= Math.max(windowFrom, at));
          return (
            window.from >= at &&
            window.to - window.from <= durationMs &&
            bounds.every((bound) => bound === null || window.to <= bound)
          );
        },
      ),
    );
  });
});

describe("whether a session may continue", () => {
  const grant = { state: "active", from: 100, to: 200 } as const;
  const person = { state: "active", credentialEpoch: 3, isOperator: true, bondsHold: true, contract: null } as const;
  const under = (from: number, to: number) => ({ ...person, contract: { from, to } });
  it("goes on only with a live grant, an active operator of the same epoch and a running contract", () => {
    expect(mayContinue(grant, person, 3, 150)).toEqual({ go: true });
    expect(mayContinue(grant, under(0, 151), 3, 150)).toEqual({ go: true });
  });
  it.each([
    ["the grant is over", mayContinue(grant, person, 3, 200), "expired"],
    ["the grant has not begun", mayContinue(grant, person, 3, 99), "revoked"],
    ["the grant is revoked", mayContinue({ ...grant, state: "revoked" }, person, 3, 150), "revoked"],
    ["the grant is suspended", mayContinue({ ...grant, state: "suspended" }, person, 3, 150), "revoked"],
    ["the grant is gone", mayContinue(undefined, person, 3, 150), "revoked"],
    ["the person is gone", mayContinue(grant, undefined, 3, 150), "revoked"],
    ["the person is disabled", mayContinue(grant, { ...person, state: "disabled" }, 3, 150), "revoked"],
    ["the role is lost", mayContinue(grant, { ...person, isOperator: false }, 3, 150), "revoked"],
    ["a bond is broken", mayContinue(grant, { ...person, bondsHold: false }, 3, 150), "bond-ended"],
    ["the epoch rose", mayContinue(grant, person, 2, 150), "revoked"],
    ["the contract is over", mayContinue(grant, under(0, 150), 3, 150), "bond-ended"],
    ["the contract has not begun", mayContinue(grant, under(151, 900), 3, 150), "bond-ended"],
  ] as const)("ends when %s", (_when, verdict, because) => {
    expect(verdict).toEqual({ go: false, because });
  });
});

describe("moves between states", () => {
  it("lead nowhere from an end", () => {
    for (const end of ["approved", "denied", "withdrawn", "lapsed"] as const)
      expect(requestMay(end, "pending")).toBe(false);
    for (const end of ["expired", "revoked"] as const) expect(grantMay(end, "active")).toBe(false);
    expect(grantMay("suspended", "active")).toBe(false);
    expect(sessionMay("ended", "live")).toBe(false);
    expect(sessionMay("frozen", "live")).toBe(true);
    expect(alertMay("resolved", "acknowledged")).toBe(false);
    expect(requestMay("pending", "approved")).toBe(true);
  });

  it("count approvals by person, and let one no decide", () => {
    const word = (approver: string, verdict: "approved" | "denied") => ({
      approverId: asId<PersonId>(approver),
      verdict,
    });
    expect(afterVerdict({ approvalsNeeded: 2 }, [word("a", "approved"), word("a", "approved")])).toBe("pending");
    expect(afterVerdict({ approvalsNeeded: 2 }, [word("a", "approved"), word("b", "approved")])).toBe("approved");
    expect(afterVerdict({ approvalsNeeded: 1 }, [word("a", "approved"), word("b", "denied")])).toBe("denied");
  });

  it("name forwards exactly", () => {
    const limits = { forwardTo: [{ host: "db", port: 1 }] };
    expect(forwardIsNamed(limits, { host: "db", port: 1 })).toBe(true);
    expect(forwardIsNamed(limits, { host: "DB", port: 1 })).toBe(false);
    expect(forwardIsNamed(limits, { host: "db", port: 2 })).toBe(false);
  });
});
