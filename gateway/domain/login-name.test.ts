import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAccountLogin, isAssetName, isPersonLogin, parseLoginName } from "./login-name.js";

describe("login names", () => {
  it("splits one, two and three parts, with + wherever @ may stand", () => {
    expect(parseLoginName("alice")).toEqual({ login: "alice", accountLogin: null, assetName: null });
    expect(parseLoginName("alice@web-01")).toEqual({ login: "alice", accountLogin: null, assetName: "web-01" });
    for (const text of ["alice@root@web-01", "alice+root+web-01", "alice+root@web-01", "alice@root+web-01"]) {
      expect(parseLoginName(text)).toEqual({ login: "alice", accountLogin: "root", assetName: "web-01" });
    }
    expect(parseLoginName("alice@CORP\\svc@win.lan")).toEqual({
      login: "alice",
      accountLogin: "CORP\\svc",
      assetName: "win.lan",
    });
  });

  it.each([
    "",
    "@",
    "alice@",
    "@web",
    "alice@@web",
    "a@b@c@d",
    "Alice",
    "alice%root%web",
    "alice@root@web%h",
    "al\u0000ice",
    "alice@ro ot@web",
    "alice@root@../x",
    "alice@root@.web",
    "аlice",
    "alice\n",
    "alice@root\n@web",
    "a".repeat(33),
    `alice@${"r".repeat(65)}@web`,
    `alice@root@${"w".repeat(64)}`,
    "x".repeat(10_000_000),
  ])("refuses what is not one, case %#", (text) => {
    expect(parseLoginName(text)).toBeUndefined();
  });

  it("brings every valid combination back, and never throws", () => {
    const login = fc.stringMatching(/^[a-z][a-z0-9._-]{0,31}$/);
    const account = fc.stringMatching(/^[!-~]{1,64}$/).filter(isAccountLogin);
    const asset = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/);
    fc.assert(
      fc.property(login, account, asset, fc.constantFrom("@", "+"), (one, two, three, sign) => {
        expect(parseLoginName([one, two, three].join(sign))).toEqual({
          login: one,
          accountLogin: two,
          assetName: three,
        });
      }),
    );
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        (text) => parseLoginName(text) === undefined || isPersonLogin(text.split(/[@+]/)[0] ?? ""),
      ),
    );
  });

  it("holds no name that could confuse the split", () => {
    for (const sign of ["@", "+", "%", " ", "\u0000", "é", "\u007f"]) {
      expect(isPersonLogin(`a${sign}b`)).toBe(false);
      expect(isAssetName(`a${sign}b`)).toBe(false);
      expect(isAccountLogin(`a${sign}b`)).toBe(false);
    }
    expect(isAccountLogin("#weird~!$&*,")).toBe(true);
  });
});
