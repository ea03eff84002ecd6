/**
 * The RFC 6962 Merkle tree (§2.1), as RFC 9162 §2.1 restates it: hashing, which subtrees a proof is made of, and the two
 * verifications. Pure; a stored log and an offline verifier use the same functions. Hashes are 32 bytes.
 */
import { createHash, timingSafeEqual } from "node:crypto";

/** The leaves `[begin, end)`. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/** A complete subtree: `index` counts spans of `2 ** level` leaves from the first leaf. */
export interface TreeNode {
  readonly level: number;
  readonly index: number;
}

/** RFC 6962 §2.1: SHA-256(0x00 ‖ leaf), over the text's UTF-8. */
export function leafHash(leaf: string | Uint8Array): Buffer {
  return createHash("sha256").update(Uint8Array.of(0)).update(leaf).digest();
}

/** RFC 6962 §2.1: SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash("sha256").update(Uint8Array.of(1)).update(left).update(right).digest();
}

/** The root of a tree without leaves: SHA-256 of nothing. */
export function emptyRoot(): Buffer {
  return createHash("sha256").digest();
}

/** The largest power of two smaller than `count`; `count` is at least 2. */
function splitOf(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

/** The complete subtrees whose hashes fold into the hash of `span`, from the left. A span of a proof begins at a multiple of its size. */
export function subtreesOf(span: Span): TreeNode[] {
  const nodes: TreeNode[] = [];
  let begin = span.begin;
  while (begin < span.end) {
    let level = 0;
    while (begin % 2 ** (level + 1) === 0 && begin + 2 ** (level + 1) <= span.end) level += 1;
    nodes.push({ level, index: begin / 2 ** level });
    begin += 2 ** level;
  }
  return nodes;
}

/** The hash of a span from its subtrees' hashes, as `subtreesOf` lists them. */
export function foldSubtrees(hashes: readonly Uint8Array[]): Buffer {
  const [last, ...rest] = [...hashes].reverse();
  if (last === undefined) return emptyRoot();
  return rest.reduce<Buffer>((right, left) => nodeHash(left, right), Buffer.from(last));
}

/** RFC 9162 §2.1.3.1: the spans whose hashes prove leaf `index` in the tree of `size` leaves, lowest first. */
export function inclusionSpans(index: number, size: number): Span[] {
  const spans: Span[] = [];
  let [begin, end] = [0, size];
  while (end - begin > 1) {
    const middle = begin + splitOf(end - begin);
    spans.push(index < middle ? { begin: middle, end } : { begin, end: middle });
    if (index < middle) end = middle;
    else begin = middle;
  }
  return spans.reverse();
}

/** RFC 9162 §2.1.4.1: the spans that prove the tree of `from` leaves a beginning of the tree of `to`; 0 < from <= to. */
export function consistencySpans(from: number, to: number): Span[] {
  const spans: Span[] = [];
  let [begin, end] = [0, to];
  let onEdge = true;
  while (from !== end) {
    const middle = begin + splitOf(end - begin);
    if (from <= middle) {
      spans.push({ begin: middle, end });
      end = middle;
    } else {
      spans.push({ begin, end: middle });
      begin = middle;
      onEdge = false;
    }
  }
  if (!onEdge) spans.push({ begin, end });
  return spans.reverse();
}

/** RFC 9162 §2.1.3.2. */
export function verifyInclusion(of: {
  readonly index: number;
  readonly size: number;
  readonly leafHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}): boolean {
  if (!isIndex(of.index) || !isIndex(of.size) || of.index >= of.size) return false;
  let [position, last] = [of.index, of.size - 1];
  let hash: Uint8Array = of.leafHash;
  for (const sibling of of.proof) {
    if (last === 0) return false;
    if (isOdd(position) || position === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(position) && position !== 0) [position, last] = [halved(position), halved(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [position, last] = [halved(position), halved(last)];
  }
  return last === 0 && same(hash, of.root);
}

/** RFC 9162 §2.1.4.2. The empty tree is a beginning of every tree, and proves it with nothing. */
export function verifyConsistency(of: {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Uint8Array;
  readonly toRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): boolean {
  if (!isIndex(of.from) || !isIndex(of.to) || of.from > of.to) return false;
  if (of.from === of.to) return of.proof.length === 0 && same(of.fromRoot, of.toRoot);
  if (of.from === 0) return of.proof.length === 0 && same(of.fromRoot, emptyRoot());
  let [position, last] = [of.from - 1, of.to - 1];
  while (isOdd(position)) [position, last] = [halved(position), halved(last)];
  const path = position === 0 ? [of.fromRoot, ...of.proof] : [...of.proof];
  const first = path.shift();
  if (first === undefined) return false;
  let [fromHash, toHash] = [first, first];
  for (const sibling of path) {
    if (last === 0) return false;
    if (isOdd(position) || position === last) {
      [fromHash, toHash] = [nodeHash(sibling, fromHash), nodeHash(sibling, toHash)];
      while (!isOdd(position) && position !== 0) [position, last] = [halved(position), halved(last)];
    } else {
      toHash = nodeHash(toHash, sibling);
    }
    [position, last] = [halved(position), halved(last)];
  }
  return last === 0 && same(fromHash, of.fromRoot) && same(toHash, of.toRoot);
}

/** Adds leaves to a tree: the subtrees that became complete. `edge` gives the complete subtrees of the tree before. */
export function growTree(
  size: number,
  edge: ReadonlyMap<string, Uint8Array>,
  leaves: readonly Uint8Array[],
): Map<string, Buffer> {
  const grown = new Map<string, Buffer>();
  const hashOf = (node: TreeNode): Uint8Array => {
    const hash = grown.get(nodeName(node)) ?? edge.get(nodeName(node));
    if (hash === undefined) throw new RangeError(`subtree ${nodeName(node)} is missing`);
    return hash;
  };
  leaves.forEach((leaf, offset) => {
    let node: TreeNode = { level: 0, index: size + offset };
    let hash: Buffer = Buffer.from(leaf);
    grown.set(nodeName(node), hash);
    while (isOdd(node.index)) {
      hash = nodeHash(hashOf({ level: node.level, index: node.index - 1 }), hash);
      node = { level: node.level + 1, index: halved(node.index) };
      grown.set(nodeName(node), hash);
    }
  });
  return grown;
}

export function nodeName(node: TreeNode): string {
  return `${node.level}/${node.index}`;
}

/** The root over leaf hashes that are all at hand; memory stays at one hash a level. */
export function rootOf(leafHashes: Iterable<Uint8Array>): { readonly size: number; readonly root: Buffer } {
  const accumulator = createRootAccumulator();
  for (const hash of leafHashes) accumulator.add(hash);
  return { size: accumulator.size, root: accumulator.root() };
}

export interface RootAccumulator {
  readonly size: number;
  add(leafHash: Uint8Array): void;
  /** The root over what was added so far. */
  root(): Buffer;
}

export function createRootAccumulator(): RootAccumulator {
  const edge: Uint8Array[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(leaf) {
      let hash = leaf;
      for (let position = size; isOdd(position); position = halved(position)) {
        hash = nodeHash(edge.pop() ?? hash, hash);
      }
      edge.push(hash);
      size += 1;
    },
    root: () => foldSubtrees(edge),
  };
}

/** Sizes pass 32 bits one day, so there is no bit arithmetic here. */
function isOdd(value: number): boolean {
  return value % 2 === 1;
}
function halved(value: number): number {
  return Math.floor(value / 2);
}
function isIndex(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
