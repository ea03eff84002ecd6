import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode } from "./packets.js";
import { PathResolution, splitPath } from "./resolve.js";

describe("a path's last part", () => {
  it.each([
    ["/a/b", "/a", "b"],
    ["/a", "/", "a"],
    ["a", ".", "a"],
    ["a/b/", "a", "b"],
    ["/a//", "/", "a"],
    ["a/...", "a", "..."],
    ["../a", "..", "a"],
  ])("of %s is split off", (path, parent, base) => {
    const found = splitPath(encode(path));
    expect([decode(found?.parent ?? encode("?")), decode(found?.base ?? encode("?"))]).toEqual([parent, base]);
  });

  it.each(["", "/", "//", ".", "..", "/a/..", "a/.", "/a/../"])("of %j is no name", (path) => {
    expect(splitPath(encode(path))).toBeUndefined();
  });

  it("is never a slash, empty or dots, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0x2f, 0x2e, 0x61, 0xff)), (bytes) => {
        const base = splitPath(Uint8Array.from(bytes))?.base;
        if (base === undefined) return;
        expect(base.includes(0x2f)).toBe(false);
        expect(["", ".", ".."]).not.toContain(decode(base));
      }),
    );
  });
});

describe("resolving", () => {
  it("asks for each path in turn", () => {
    const both = new PathResolution([
      { path: encode("/a/link"), mode: "parent" },
      { path: encode("b"), mode: "follow" },
    ]);
    expect(decode(both.question ?? encode("?"))).toBe("/a");
    both.answered(encode("/real"));
    expect(decode(both.question ?? encode("?"))).toBe("b");
    both.answered(encode("/home/b"));
    expect(both.question).toBeUndefined();
    expect(both.resolved.map(decode)).toEqual(["/real/link", "/home/b"]);
  });

  it("tries the parent of a new file once, and only for one that may be created", () => {
    const created = new PathResolution([{ path: encode("new"), mode: "create" }]);
    expect(created.failed()).toBe(true);
    expect(decode(created.question ?? encode("?"))).toBe(".");
    expect(created.failed()).toBe(false);
    expect(new PathResolution([{ path: encode("new"), mode: "follow" }]).failed()).toBe(false);
    expect(new PathResolution([{ path: encode("a/.."), mode: "create" }]).failed()).toBe(false);
  });

  it("joins below the root with one slash", () => {
    const path = new PathResolution([{ path: encode("/x"), mode: "parent" }]);
    path.answered(encode("/"));
    expect(path.resolved.map(decode)).toEqual(["/x"]);
  });

  it("asks for the whole path when its last part is no name", () => {
    const path = new PathResolution([{ path: encode("/a/.."), mode: "parent" }]);
    expect(decode(path.question ?? encode("?"))).toBe("/a/..");
    path.answered(encode("/"));
    expect(path.resolved.map(decode)).toEqual(["/"]);
  });
});
