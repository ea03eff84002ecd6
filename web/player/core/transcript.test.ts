import { expect, test } from "vitest";
import type { MarkerKind, SessionDetail } from "../../api/types.js";
import { currentRow, narrowed, transcriptOf } from "./transcript.js";

type Transfer = SessionDetail["transfers"][number];
const transfer = (more: Partial<Transfer>): Transfer => ({
  id: "t",
  sessionId: "s",
  recordingId: "r",
  channelNumber: 2,
  direction: "download",
  path: "/etc/hosts",
  size: 5,
  sha256: "ab",
  sequential: true,
  atUs: 1_000_000,
  ...more,
});
const marker = (
  atUs: number,
  kind: MarkerKind,
  text: string,
  channel = 1,
): { atUs: number; kind: MarkerKind; text: string; channel: number } => ({
  atUs,
  kind,
  text,
  channel,
});

test("rows come in the order of time, a transfer joined to its marker", () => {
  const rows = transcriptOf(
    [marker(2_000_000, "command", "ls"), marker(1_200_000, "transfer", "download /etc/hosts", 2)],
    [transfer({})],
  );
  expect(rows.map((row) => [row.atUs, row.text, row.transfer?.size])).toEqual([
    [1_200_000, "/etc/hosts", 5],
    [2_000_000, "ls", undefined],
  ]);
});

test("a transfer without a marker gets a row of its own, and one of another channel is not joined", () => {
  const rows = transcriptOf([marker(1_000_000, "transfer", "download /etc/hosts", 9)], [transfer({})]);
  expect(rows).toHaveLength(2);
  expect(rows.filter((row) => row.transfer !== undefined)).toHaveLength(1);
});

test("two transfers of one path each keep their own row", () => {
  const both = [transfer({ id: "a", size: 1 }), transfer({ id: "b", size: 2, atUs: 9_000_000 })];
  const rows = transcriptOf(
    [marker(1_000_000, "transfer", "/etc/hosts", 2), marker(9_000_000, "transfer", "/etc/hosts", 2)],
    both,
  );
  expect(rows.map((row) => row.transfer?.size)).toEqual([1, 2]);
});

test("a transcript is narrowed by kind and by every word, whatever the case", () => {
  const rows = transcriptOf([marker(1, "command", "systemctl restart Nginx"), marker(2, "alert", "nginx")], []);
  expect(narrowed(rows, new Set(["command", "alert"]), "NGINX restart")).toHaveLength(1);
  expect(narrowed(rows, new Set(["alert"]), "")).toHaveLength(1);
  expect(narrowed(rows, new Set(["command"]), "absent")).toHaveLength(0);
});

test("the current row is the last at or before the position", () => {
  const rows = transcriptOf([marker(10, "command", "a"), marker(20, "command", "b"), marker(20, "command", "c")], []);
  expect([0, 10, 19, 20, 99].map((at) => currentRow(rows, at))).toEqual([-1, 0, 0, 2, 2]);
  expect(currentRow([], 5)).toBe(-1);
});
