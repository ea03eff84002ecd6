import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalAddress, judgeHost, judgeTarget, parseAddress, type TargetRules } from "./addresses.js";

const rules: TargetRules = {
  ownServices: [
    { address: "10.0.0.9", port: 5432 },
    { address: "2400::9", port: 4822 },
  ],
  allowTargets: ["127.0.0.1:2200", "[::1]:2201", "lab.example:2202"],
};
const judge = (address: string, port = 22, host = address) => judgeTarget({ host, address, port }, rules);

describe("addresses", () => {
  const forbidden: readonly (readonly [string, string])[] = [
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["0.0.0.0", "unspecified"],
    ["0.1.2.3", "unspecified"],
    ["169.254.1.1", "link-local"],
    ["169.254.169.254", "metadata"],
    ["100.100.100.200", "metadata"],
    ["224.0.0.1", "multicast"],
    ["255.255.255.255", "broadcast"],
    ["240.0.0.1", "reserved"],
    ["192.0.2.7", "documentation"],
    ["198.51.100.7", "documentation"],
    ["203.0.113.7", "documentation"],
    ["::", "unspecified"],
    ["::1", "loopback"],
    ["0:0:0:0:0:0:0:1", "loopback"],
    ["fe80::1", "link-local"],
    ["febf::1", "link-local"],
    ["fec0::1", "reserved"],
    ["ff02::1", "multicast"],
    ["2001:db8::1", "documentation"],
    ["fd00:ec2::254", "metadata"],
    ["::ffff:127.0.0.1", "loopback"],
    ["::ffff:7f00:1", "loopback"],
    ["::127.0.0.1", "loopback"],
    ["::ffff:0:127.0.0.1", "loopback"],
    ["64:ff9b::7f00:1", "loopback"],
    ["64:ff9b::169.254.169.254", "metadata"],
    ["64:ff9b:1::127.0.0.1", "loopback"],
    ["2002:7f00:1::", "loopback"],
    ["2002:a9fe:a9fe::1", "metadata"],
    ["2001:0:1:2:3:4:80ff:fffe", "loopback"],
  ];
  it.each(forbidden)("refuses %s as %s", (address, because) => {
    expect(judge(address)).toEqual({ ok: false, because });
  });

  it.each([
    "10.0.0.1",
    "192.168.1.1",
    "172.16.0.1",
    "8.8.8.8",
    "2400::1",
    "fd12::1",
    "::ffff:10.0.0.1",
    "64:ff9b::10.0.0.1",
  ])("allows %s", (address) => {
    expect(judge(address)).toEqual({ ok: true });
  });

  it("refuses the gate's own services at their port in every spelling, and nothing else there", () => {
    expect(judge("10.0.0.9", 5432)).toEqual({ ok: false, because: "own-service" });
    expect(judge("::ffff:10.0.0.9", 5432)).toEqual({ ok: false, because: "own-service" });
    expect(judge("2400:0:0::0:9", 4822)).toEqual({ ok: false, because: "own-service" });
    expect(judge("10.0.0.9", 22)).toEqual({ ok: true });
  });

  it("lets exactly the configured exceptions through", () => {
    expect(judge("127.0.0.1", 2200).ok).toBe(true);
    expect(judge("::ffff:127.0.0.1", 2200).ok).toBe(true);
    expect(judge("::1", 2201).ok).toBe(true);
    expect(judge("127.0.0.1", 2202, "lab.example").ok).toBe(true);
    expect(judge("127.0.0.1", 2201).ok).toBe(false);
    expect(judge("127.0.0.2", 2200).ok).toBe(false);
    expect(judge("127.0.0.1", 22, "lab.example").ok).toBe(false);
  });

  it.each([
    "2130706433",
    "0x7f.1",
    "017700000001",
    "0x7f000001",
    "127.1",
    "127.0.1",
    "127.0.0.01",
    "0177.0.0.1",
    "127.0.0.0x1",
    "1.2.3.256",
    "example.0x",
    "::1%lo",
    "[::1]",
    "a b",
    "",
    "a..b",
    "-a.example",
    "exa\u0000mple",
    "ex\u212Bmple",
    "x".repeat(254),
  ])("refuses the host spelling %j", (host) => {
    expect(judgeHost(host)).toEqual({ kind: "refused" });
    expect(parseAddress(host)).toBeUndefined();
  });

  it("reads names and canonical literals", () => {
    expect(judgeHost("Web-01.Example")).toEqual({ kind: "name", name: "web-01.example" });
    expect(judgeHost("bad.cafe")).toEqual({ kind: "name", name: "bad.cafe" });
    expect(judgeHost("10.0.0.1")).toEqual({ kind: "literal", address: "10.0.0.1" });
    expect(judgeHost("::ffff:10.0.0.1")).toEqual({ kind: "literal", address: "10.0.0.1" });
  });

  it("gives one spelling to every way of writing an IPv6 address, and never throws on noise", () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, (all) => {
        const plain = all.map((group) => group.toString(16)).join(":");
        const padded = all.map((group) => group.toString(16).toUpperCase().padStart(4, "0")).join(":");
        expect(canonicalAddress(padded)).toBe(canonicalAddress(plain));
        expect(parseAddress(plain)).toHaveLength(16);
      }),
    );
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        (text) => [parseAddress(text), judgeHost(text), judge(text)].length === 3,
      ),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-fx:.]{0,45}$/), (text) => {
        const bytes = parseAddress(text);
        return bytes === undefined || bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255);
      }),
    );
  });
});
