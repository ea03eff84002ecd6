import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { keyId, leafHash, parseNote, signNote, verifyNote } from "./index.js";
import type { NoteSigner } from "./index.js";

function signer(name = "gatehouse.example/log"): NoteSigner {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  return { name, publicKey: raw, sign: (message) => sign(null, message, privateKey) };
}

const root = leafHash("x");

describe("checkpoint note", () => {
  it("has the form of the specification and verifies", async () => {
    const own = signer();
    const note = await signNote(own, 42, root);
    const [origin, size, hash, empty, signature, end] = note.split("\n");
    expect([origin, size, hash, empty, end]).toEqual([own.name, "42", root.toString("base64"), "", ""]);
    expect(signature).toMatch(/^\u2014 gatehouse\.example\/log [A-Za-z0-9+/]+=*$/);
    const parsed = parseNote(note);
    expect(parsed).toMatchObject({ origin: own.name, size: 42 });
    expect(parsed!.root).toEqual(root);
    expect(verifyNote(parsed!, own)).toBe(true);
  });

  it("names a key as the note package's published example does", () => {
    // PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW
    const encoded = Buffer.from("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "base64");
    expect(encoded[0]).toBe(1);
    expect(keyId({ name: "PeterNeumann", publicKey: encoded.subarray(1) }).toString("hex")).toBe("c74f20a3");
  });

  it("does not verify under another key, name, size, root or signature", async () => {
    const own = signer();
    const note = await signNote(own, 42, root);
    const verifies = (text: string, by: NoteSigner = own): boolean => {
      const parsed = parseNote(text);
      return parsed !== undefined && verifyNote(parsed, by);
    };
    expect(verifies(note)).toBe(true);
    expect(verifies(note, signer())).toBe(false);
    expect(verifies(note, { ...own, name: "other" })).toBe(false);
    expect(verifies(note.replace("\n42\n", "\n43\n"))).toBe(false);
    expect(verifies(note.replace(root.toString("base64"), leafHash("y").toString("base64")))).toBe(false);
    const at = note.length - 20;
    expect(verifies(note.slice(0, at) + (note[at] === "A" ? "B" : "A") + note.slice(at + 1))).toBe(false);
  });

  it("takes one good signature among others", async () => {
    const [own, other] = [signer(), signer("witness")];
    const note = await signNote(own, 1, root);
    const text = note.split("\n\n")[0] + "\n";
    const cosigned = Buffer.concat([keyId(other), await other.sign(Buffer.from(text))]).toString("base64");
    const both = `${note}\u2014 witness ${cosigned}\n`;
    expect(verifyNote(parseNote(both)!, own)).toBe(true);
  });

  it("is not read from anything malformed", async () => {
    const own = signer();
    const note = await signNote(own, 42, root);
    const wrong = [
      "",
      "\n\n",
      note.trimEnd(),
      note.replace("\n\n", "\n"),
      note.replace("\n42\n", "\n042\n"),
      note.replace("\n42\n", "\n-1\n"),
      note.replace("\n42\n", "\n99999999999999999\n"),
      note.replace(root.toString("base64"), "AAAA"),
      note.replace("\u2014", "-"),
      `${note}\u2014 bad+name AAAAAAAA\n`,
      `${note}trailing\n`,
    ];
    for (const text of wrong) expect(parseNote(text), JSON.stringify(text)).toBeUndefined();
    await expect(signNote(signer("two words"), 1, root)).rejects.toThrow(RangeError);
  });
});
