/** The use cases over the real embedded database, recorder, library and vault: one session from request to replay. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { asId, type RecordingId, type TapEvent } from "../../gateway/domain/index.js";
import { createLibrary, createRecorder, recover, type RecorderDeps } from "../../gateway/recording/index.js";
import { createLocalBlobs, openDatabase, type StorageDatabase } from "../../gateway/storage/index.js";
import { buildHouse, must, type House } from "../support/access-house.js";

const workerUrl = new URL("../../dist/gateway/recording/derive/worker.js", import.meta.url);

let house: House;
const closing: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  house = await buildHouse({}, async ({ clock, ids, vault, nodeId, folder }) => {
    const log = (): void => undefined;
    const database: StorageDatabase = await openDatabase({
      url: `sqlite:${join(folder, "g.db")}`,
      clock,
      ids,
      nodeId,
      log,
    });
    const quotas = { sessionBytes: 1e12, bytesPerSecond: 1e12, rateWindowMs: 10_000, reserveBytes: 1e6 };
    const deps: RecorderDeps = {
      blobs: createLocalBlobs(join(folder, "recordings")),
      journal: createLocalBlobs(join(folder, "journal")),
      crypto: vault,
      clock,
      nodeId,
      quotas,
      log,
    };
    const recorder = await createRecorder(deps);
    const library = createLibrary({ ...deps, recorder, workers: 1, workerUrl });
    closing.push(
      () => recorder.close(),
      () => library.close(),
      () => database.close(),
    );
    const signer = { name: "gatehouse/test", ...vault.evidence };
    return {
      database,
      recorder,
      library,
      checkpoints: database.checkpoints(signer),
      recover: (open) => recover(deps, open),
    };
  });
});
afterAll(async () => {
  for (const close of closing) await close();
  house.close();
});

it("runs from a request to a replay, a search, an export and kept input", async () => {
  const { broker, people } = house;
  await broker.start();
  await house.grant(["ssh.shell", "sftp.read"]);
  const session = await house.open();
  const id = asId<RecordingId>(session.tap.recordingId);
  const shell = must(
    await session.openChannel({
      kind: "shell",
      action: "ssh.shell",
      detail: "",
      pty: { term: "xterm", cols: 80, rows: 24 },
    }),
  );
  const show = async (text: string): Promise<void> => {
    house.clock.us += 1000;
    await shell.tap.output(Buffer.from(text));
  };
  await show("alice@web-01:~$ ");
  const seen: TapEvent[] = [];
  const { catchUp } = must(
    await broker.sessions.watch(people.aud1, session.id, (event) => event.type !== "ended" && seen.push(event)),
  );
  expect(catchUp.channels).toMatchObject([{ channel: 1, kind: "shell", pty: true, cols: 80 }]);
  await new Promise((resolve) => setImmediate(resolve));
  await show("uptime --pretty");
  await shell.tap.input(Buffer.from("\r"), { endsLine: true, secret: false });
  await show("\r\nup 3 days\r\nalice@web-01:~$ ");
  expect(seen.filter((event) => event.type === "output").length).toBe(2);
  expect((await house.deps.recorder.heads()).map((head) => head.recordingId)).toEqual([id]);
  await shell.close("0");
  await session.end("left");
  await broker.derive.idle();

  const index = must(await broker.recordings.index(people.aud1, id));
  expect(index).toMatchObject({ complete: true, session: { because: "left", recording: { state: "complete" } } });
  const segment = must(await broker.recordings.segment(people.aud1, id, { channel: 1, fromUs: 0, maxUs: 60_000_000 }));
  const drawn = segment.events
    .filter(([, code]) => code === "o")
    .map(([, , data]) => Buffer.from(data, "base64").toString());
  expect(segment.screen.state + drawn.join("")).toContain("uptime --pretty");
  expect(must(await broker.recordings.verify(people.aud1, id)).verdict).toBe("complete");
  expect(must(await broker.recordings.search(people.aud1, { q: "uptime" })).map((hit) => hit.text)).toEqual([
    "uptime --pretty",
  ]);
  const bytes: Uint8Array[] = [];
  for await (const piece of must(await broker.recordings.exportContainer(people.aud1, id))) bytes.push(piece);
  expect(Buffer.concat(bytes).subarray(0, 5).toString()).toBe("GHREC");

  const opening = must(await broker.recordings.requestInput(people.aud1, id, "incident 7"));
  must(await broker.recordings.approveInput(people.aud2, opening.id));
  expect(must(await broker.recordings.readInput(people.aud1, opening.id))).toMatchObject([{ channel: 1, text: "\r" }]);

  await house.deps.checkpoints.advance();
  const lines: string[] = [];
  for await (const line of must(await broker.audit.export(people.aud1, {}))) lines.push(line);
  expect(JSON.parse(lines[0] ?? "")).toEqual({ note: expect.stringMatching(/^gatehouse\/test\n/) as unknown });
  expect(lines.length).toBeGreaterThan(20);
  expect(JSON.parse(lines[1] ?? "")).toMatchObject({ seq: 0 });

  await house.open();
  await broker.sessions.drain(0);
  await broker.stop();
  expect(await house.deps.database.read.sessions.count({ state: { not: "ended" } })).toBe(0);
  expect(await house.deps.database.read.recordings.count({ state: "open" })).toBe(0);
});
