import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readTlsPair } from "../tls-pair.js";
import { openVault } from "../vault/index.js";
import { call } from "./client.js";
import { certificate, masterKey, timeZone } from "./doctor-machine.js";
import { doctorTexts } from "./doctor-texts.js";

const folder = mkdtempSync(join(tmpdir(), "gatehouse-doctor-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const [en, zh] = [doctorTexts({}), doctorTexts({ LC_ALL: "zh_CN.UTF-8" })];
const DAY_MS = 86_400_000;

function makePair(name: string, days: number): { readonly tlsCert: string; readonly tlsKey: string } {
  const pair = { tlsCert: join(folder, `${name}.pem`), tlsKey: join(folder, `${name}.key`) };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", pair.tlsKey];
  const names = ["-subj", "/CN=gate.example", "-addext", "subjectAltName=DNS:gate.example,DNS:localhost"];
  execFileSync("openssl", ["req", "-x509", ...key, "-out", pair.tlsCert, "-days", String(days), ...names], {
    stdio: "ignore",
  });
  return pair;
}

describe("the page's certificate", () => {
  const pair = makePair("gate", 90);
  const look = (publicUrl: string, over: object = {}, inDays = 0) =>
    certificate({ ...pair, publicUrl, ...over }, en, Date.now() + inDays * DAY_MS);

  test("holds for the name that people type, until a day that is told", () => {
    expect(look("https://gate.example:8443")).toMatch(/gate\.pem, for gate\.example until \d{4}-\d\d-\d\d$/);
    expect(look("http://localhost:8080", { tlsCert: undefined, tlsKey: undefined })).toContain("plain");
    expect(look("https://gate.example", { tlsCert: undefined, tlsKey: undefined })).toContain("proxy");
  });

  test("is a fault under another name, too late, too early, without its own key or where it is not", () => {
    expect(() => look("https://other.example")).toThrow("does not name other.example");
    expect(() => look("https://10.0.0.5")).toThrow("does not name 10.0.0.5");
    expect(() => look("https://gate.example", {}, 80)).toThrow("have it renewed");
    expect(() => look("https://gate.example", {}, -2)).toThrow("clock");
    const { tlsKey } = makePair("other", 90);
    expect(() => look("https://gate.example", { tlsKey })).toThrow("its own key");
    expect(() => readTlsPair({ ...pair, tlsCert: join(folder, "none.pem") })).toThrow(
      /^GATEHOUSE_TLS_CERT: .*none\.pem cannot be read \(ENOENT\)$/,
    );
  });

  test("of an authority that Node does not know is told by the command line, and is not called silence", async () => {
    const server = createServer({ ...readTlsPair(pair) }, (_request, response) => response.end("{}"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `https://localhost:${String((server.address() as AddressInfo).port)}`;
    await expect(call("/me", {}, { url, cookie: "" })).rejects.toThrow(/certificate.*NODE_EXTRA_CA_CERTS/);
    await new Promise((resolve) => server.close(resolve));
    await expect(call("/me", {}, { url, cookie: "" })).rejects.toThrow("does not answer");
  });
});

test("the master key is tried on what was sealed under it, and another one is named with what it does not open", async () => {
  const [data, other] = [join(folder, "data"), join(folder, "elsewhere")];
  const masterKeyFile = join(data, "keys", "master.key");
  expect(await masterKey({ masterKeyFile, data }, zh)).toContain("首次启动时生成");
  await openVault({ keyFile: masterKeyFile, dataFolder: data, create: true });
  expect(await masterKey({ masterKeyFile, data }, zh)).toContain("能打开本系统的各密钥");
  await openVault({ keyFile: join(other, "master.key"), dataFolder: other, create: true });
  const wrong = masterKey({ masterKeyFile: join(other, "master.key"), data }, en);
  await expect(wrong).rejects.toThrow(/evidence\.key does not open under this master key.*restore/);
  const gone = masterKey({ masterKeyFile: join(folder, "none.key"), data }, en);
  await expect(gone).rejects.toThrow(/none\.key is missing; restore/);
  writeFileSync(masterKeyFile, "", { mode: 0o600 });
  await expect(masterKey({ masterKeyFile, data }, en)).rejects.toThrow("not a master key");
});

test("the zone in which contracts end is told with its hour, and said to be the machine's where nobody chose it", () => {
  const at = Date.UTC(2027, 0, 31, 17, 30);
  expect(timeZone({ timeZone: "Asia/Shanghai" }, en, at)).toBe("Asia/Shanghai, where it is 2027-02-01 01:30");
  expect(timeZone({ timeZone: undefined }, en, at)).toContain("set GATEHOUSE_TIME_ZONE");
});
