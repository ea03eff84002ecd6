/**
 * Stands between an operator's SFTP client and the target's server on one raw subsystem stream. It passes packets on as they came (but
 * for request ids, which it gives anew, and paths it resolved), answers denied requests itself, and logs each file.
 *
 * Requests are judged strictly in order: while the target resolves a path, later ones wait here. It is no server and keeps no bytes.
 */
import { HandleTable } from "./handle-table.js";
import type { OpenHandle } from "./handles.js";
import { SFTP_LIMITS } from "./options.js";
import type { SftpGateOptions, SftpLimits } from "./options.js";
import {
  BODY_AT,
  FieldReader,
  Fx,
  Fxp,
  PacketSplitter,
  SftpViolation,
  build,
  buildHello,
  buildStatus,
  decode,
  idOf,
  setId,
  stringField,
  typeOf,
} from "./packets.js";
import { hasPaths, parseRequest, resolveModes, withPaths } from "./request.js";
import type { Opening, Request } from "./request.js";
import { PathResolution } from "./resolve.js";
import { EXTENSIONS, lacking } from "./table.js";

/** What to send on, in order, to each side. */
export interface SftpOutput {
  readonly toTarget: Uint8Array[];
  readonly toOperator: Uint8Array[];
}

/** A request the target has not answered. */
interface Pending {
  /** `undefined`: the gate's own question. */
  readonly operatorId: number | undefined;
  /** The packet type that may answer besides STATUS. */
  readonly reply: number | undefined;
  readonly type?: number;
  readonly handles?: readonly OpenHandle[];
  readonly read?: { readonly offset: number; readonly length: number };
  readonly opening?: Opening & { readonly path: string };
}

const VERSION = 3;
const HELD_OVERHEAD = 64;

export class SftpGate {
  readonly #options: SftpGateOptions;
  readonly #limits: SftpLimits;
  readonly #fromOperator: PacketSplitter;
  readonly #fromTarget: PacketSplitter;
  readonly #pending = new Map<number, Pending>();
  readonly #operatorIds = new Set<number>();
  readonly #handles: HandleTable;
  readonly #queue: Uint8Array[] = [];
  #heldBytes = 0;
  #held: { readonly request: Request; readonly resolution: PathResolution } | undefined;
  #state: "init" | "version" | "open" = "init";
  #nextId = 0;
  #out: SftpOutput = { toTarget: [], toOperator: [] };
  #violation: SftpViolation | undefined;

  constructor(options: SftpGateOptions) {
    this.#options = options;
    this.#limits = { ...SFTP_LIMITS, ...options.limits };
    this.#handles = new HandleTable(options, this.#limits);
    this.#fromOperator = new PacketSplitter("operator", this.#limits.packetBytes);
    this.#fromTarget = new PacketSplitter("target", this.#limits.packetBytes);
  }

  /** True while requests wait for the target: a caller that stops reading from the operator then never meets `heldBytes`. */
  get waiting(): boolean {
    return this.#state === "version" || this.#held !== undefined;
  }

  /** Bytes the operator sent. Throws SftpViolation (now and ever after) when the channel must end; call `end` then. */
  fromOperator(chunk: Uint8Array): SftpOutput {
    return this.#guarded(() => {
      for (const packet of this.#fromOperator.push(chunk)) {
        if (this.waiting) this.#hold(packet);
        else this.#judge(packet);
      }
    });
  }

  /** Bytes the target sent. Throws as `fromOperator`. */
  fromTarget(chunk: Uint8Array): SftpOutput {
    return this.#guarded(() => {
      for (const packet of this.#fromTarget.push(chunk)) this.#answered(packet);
    });
  }

  /** The channel's end: what was open is logged, as not sequential when anything passed or could be missing. */
  end(): void {
    this.#handles.end();
  }

  #guarded(work: () => void): SftpOutput {
    if (this.#violation !== undefined) throw this.#violation;
    try {
      work();
    } catch (error) {
      if (error instanceof SftpViolation) this.#violation = error;
      throw error;
    }
    const out = this.#out;
    this.#out = { toTarget: [], toOperator: [] };
    return out;
  }

  #hold(packet: Uint8Array): void {
    this.#heldBytes += packet.length + HELD_OVERHEAD;
    if (this.#heldBytes > this.#limits.heldBytes) throw new SftpViolation("operator", "too much was sent ahead");
    this.#queue.push(packet);
  }

  #release(): void {
    while (!this.waiting) {
      const packet = this.#queue.shift();
      if (packet === undefined) return;
      this.#heldBytes -= packet.length + HELD_OVERHEAD;
      this.#judge(packet);
    }
  }

  // --- from the operator ---

  #judge(packet: Uint8Array): void {
    if (this.#state === "init") {
      this.#hello(packet);
      return;
    }
    const request = parseRequest(packet);
    if (this.#operatorIds.has(request.id)) throw new SftpViolation("operator", "request id is in use");
    if (this.#pending.size >= this.#limits.pending) throw new SftpViolation("operator", "too many requests at once");
    const { rule, needs } = request;
    if (rule === undefined || needs === undefined) this.#refuse(request, "the gate does not know this request");
    else {
      const because = lacking(needs, this.#options.rights) ?? this.#unfit(request);
      if (because !== undefined) this.#refuse(request, because);
      else if (hasPaths(request)) this.#path(request);
      else this.#pass(request);
    }
  }

  /** INIT (§4). Whatever the client could speak, the target is asked for version 3 and no extensions of the client's. */
  #hello(packet: Uint8Array): void {
    if (typeOf(packet) !== Fxp.init) throw new SftpViolation("operator", "the first packet is not INIT");
    if (new FieldReader("operator", packet, BODY_AT - 4).u32() < VERSION)
      throw new SftpViolation("operator", "version is too old");
    this.#state = "version";
    this.#out.toTarget.push(buildHello(Fxp.init, VERSION, []));
  }

  /** Paths that no server would take as they stand, and requests that path rules cannot judge. */
  #unfit({ rule, strings }: Request): string | undefined {
    const paths = strings.filter((_, at) => ["follow", "parent", "opaque"].includes(rule?.fields[at] ?? ""));
    if (paths.some((path) => path.length > this.#limits.pathBytes)) return "the path is too long";
    if (paths.some((path) => path.includes(0))) return "the path holds a NUL";
    return rule?.access === "none" && this.#options.pathAllowed
      ? "links are not granted where paths are limited"
      : undefined;
  }

  #path(request: Request): void {
    if (request.opening !== undefined && this.#handles.full) {
      this.#status(request, Fx.failure, "too many open files");
    } else if (request.type === Fxp.open || this.#options.pathAllowed !== undefined) {
      const modes = resolveModes(request);
      const paths = request.strings.map((path, at) => ({ path, mode: modes[at] ?? "follow" }));
      this.#held = { request, resolution: new PathResolution(paths) };
      this.#ask(this.#held.resolution);
    } else this.#forwardPaths(request, request.packet, decode(request.strings[0] ?? new Uint8Array(0)));
  }

  /** A request on handles, or with nothing to resolve. */
  #pass(request: Request): void {
    const { type, rule, strings } = request;
    const handles: OpenHandle[] = [];
    for (const [at, field] of (rule?.fields ?? []).entries()) {
      if (field === "opaque") continue;
      const handle = this.#handles.find(strings[at] ?? new Uint8Array(0));
      if (handle === undefined || (field !== "any" && field !== handle.kind))
        return this.#status(request, Fx.failure, "no such open handle");
      handles.push(handle);
    }
    const [handle] = handles;
    if (handle !== undefined && type === Fxp.read) this.#read(request, handle);
    else if (handle !== undefined && type === Fxp.write) this.#write(request, handle);
    else if (handle !== undefined && rule?.what === "copy-data") this.#copy(request, handle);
    else {
      if (handle !== undefined && type === Fxp.close) handle.closing = true;
      this.#forward(request, request.packet, { handles });
    }
  }

  #read(request: Request, handle: OpenHandle): void {
    const reader = new FieldReader("operator", request.rest, 0);
    const read = { offset: reader.u64(), length: reader.u32() };
    if (!handle.access.read) this.#refuse(request, "the file is not open for reading", handle.path);
    else this.#forward(request, request.packet, { handles: [handle], read });
  }

  #write(request: Request, handle: OpenHandle): void {
    const reader = new FieldReader("operator", request.rest, 0);
    const offset = reader.u64();
    const bytes = reader.string();
    if (!handle.access.write) return this.#refuse(request, "the file is not open for writing", handle.path);
    handle.upload.add(offset, bytes);
    this.#forward(request, request.packet, { handles: [handle] });
  }

  #copy(request: Request, from: OpenHandle): void {
    const reader = new FieldReader("operator", request.rest, 16);
    const to = this.#handles.find(reader.string());
    if (to === undefined) return this.#status(request, Fx.failure, "no such open handle");
    if (!from.access.read || !to.access.write) return this.#refuse(request, "the files are not open for this", to.path);
    to.upload.spoil();
    this.#forward(request, request.packet, { handles: [from, to] });
  }

  #forwardPaths(request: Request, packet: Uint8Array, path: string): void {
    const { opening } = request;
    this.#forward(request, packet, opening === undefined ? {} : { opening: { ...opening, path } });
  }

  #forward(request: Request, packet: Uint8Array, more: Partial<Pending>): void {
    for (const handle of more.handles ?? []) handle.outstanding++;
    if (more.opening !== undefined) this.#handles.openingSent();
    this.#operatorIds.add(request.id);
    const pending = { operatorId: request.id, reply: request.rule?.reply, type: request.type, ...more };
    this.#send(packet, pending);
  }

  #send(packet: Uint8Array, pending: Pending): void {
    while (this.#pending.has(this.#nextId)) this.#nextId = (this.#nextId + 1) >>> 0;
    setId(packet, this.#nextId);
    this.#pending.set(this.#nextId, pending);
    this.#nextId = (this.#nextId + 1) >>> 0;
    this.#out.toTarget.push(packet);
  }

  #refuse(request: Request, because: string, path?: string): void {
    const [first] = request.strings;
    const named = request.rule?.fields.some((field) => ["file", "any", "directory"].includes(field)) === true;
    const handle = named && first !== undefined ? this.#handles.find(first)?.path : undefined;
    const asked = named ? (handle ?? "") : decode((first ?? new Uint8Array(0)).subarray(0, this.#limits.pathBytes));
    this.#options.onRefused({ what: request.what, path: path ?? asked, because });
    this.#status(request, Fx.permissionDenied, because);
  }

  #status(request: Request, code: number, because: string): void {
    this.#out.toOperator.push(buildStatus(request.id, code, `gatehouse: ${because}`));
  }

  // --- from the target ---

  #answered(packet: Uint8Array): void {
    if (this.#state !== "open") {
      this.#version(packet);
      return;
    }
    const id = idOf("target", packet);
    const pending = this.#pending.get(id);
    if (pending === undefined) throw new SftpViolation("target", "answer without a request");
    const type = typeOf(packet);
    if (type !== Fxp.status && type !== pending.reply)
      throw new SftpViolation("target", "answer of another type than asked for");
    this.#pending.delete(id);
    if (pending.operatorId === undefined) {
      this.#resolved(packet, type);
      return;
    }
    this.#account(pending, new FieldReader("target", packet, BODY_AT), type);
    this.#operatorIds.delete(pending.operatorId);
    setId(packet, pending.operatorId);
    this.#out.toOperator.push(packet);
  }

  /** VERSION (§4): only extensions that the table knows and the rights cover are shown to the operator. */
  #version(packet: Uint8Array): void {
    const awaited = this.#state === "version" && typeOf(packet) === Fxp.version;
    if (!awaited) throw new SftpViolation("target", "VERSION was to come first");
    const reader = new FieldReader("target", packet, BODY_AT - 4);
    if (reader.u32() !== VERSION) throw new SftpViolation("target", "another version than 3");
    const pairs: (readonly [Uint8Array, Uint8Array])[] = [];
    while (!reader.done) {
      const pair = [reader.string(), reader.string()] as const;
      const rule = EXTENSIONS.get(decode(pair[0]));
      if (rule !== undefined && lacking(rule.needs, this.#options.rights) === undefined) pairs.push(pair);
    }
    this.#state = "open";
    this.#out.toOperator.push(buildHello(Fxp.version, VERSION, pairs));
    this.#release();
  }

  #account(pending: Pending, reader: FieldReader, type: number): void {
    const code = type === Fxp.status ? reader.u32() : Fx.ok;
    const [handle] = pending.handles ?? [];
    if (pending.opening !== undefined) {
      this.#handles.openingAnswered(pending.opening, type === Fxp.handle ? reader.string() : undefined);
    }
    if (handle !== undefined) {
      if (pending.read !== undefined)
        this.#readAnswered(handle, pending.read, type === Fxp.data ? reader.string() : undefined, code);
      if (pending.type === Fxp.write && code !== Fx.ok) handle.upload.spoil();
      if (pending.type === Fxp.close) this.#handles.closed(handle);
    }
    for (const used of pending.handles ?? []) this.#handles.answered(used);
  }

  #readAnswered(
    handle: OpenHandle,
    asked: { readonly offset: number; readonly length: number },
    bytes: Uint8Array | undefined,
    code: number,
  ): void {
    if (bytes === undefined) {
      if (code === Fx.eof) handle.download.add(asked.offset, new Uint8Array(0));
      return;
    }
    if (bytes.length > asked.length) throw new SftpViolation("target", "more data than asked for");
    handle.download.add(asked.offset, bytes);
  }

  // --- the gate's own questions ---

  #ask(resolution: PathResolution): void {
    const path = resolution.question ?? new Uint8Array(0);
    this.#send(build(Fxp.realpath, 0, [stringField(path)]), { operatorId: undefined, reply: Fxp.name });
  }

  #resolved(packet: Uint8Array, type: number): void {
    const held = this.#held;
    if (held === undefined) throw new SftpViolation("target", "answer without a request");
    const { request, resolution } = held;
    if (type === Fxp.name) {
      resolution.answered(this.#realName(packet));
      if (resolution.question !== undefined) return this.#ask(resolution);
      this.#held = undefined;
      this.#decide(request, resolution.resolved);
    } else {
      if (resolution.failed()) return this.#ask(resolution);
      this.#held = undefined;
      setId(packet, request.id);
      this.#out.toOperator.push(packet);
    }
    this.#release();
  }

  /** The one path in a NAME answer to REALPATH (§6.11). */
  #realName(packet: Uint8Array): Uint8Array {
    const reader = new FieldReader("target", packet, BODY_AT);
    const one = reader.u32() === 1;
    const path = one ? reader.string() : new Uint8Array(0);
    const usable = path.length > 0 && path.length <= this.#limits.pathBytes && !path.includes(0);
    if (!usable) throw new SftpViolation("target", "REALPATH gave no usable path");
    return path;
  }

  #decide(request: Request, paths: readonly Uint8Array[]): void {
    const texts = paths.map(decode);
    const denied = texts.find(
      (path) => !this.#accesses(request).every((access) => this.#options.pathAllowed?.(path, access) ?? true),
    );
    if (denied !== undefined) return this.#refuse(request, "this path is not granted", denied);
    this.#forwardPaths(request, withPaths(request, paths), texts[0] ?? "");
  }

  #accesses({ needs, rule, type }: Request): readonly ("read" | "write")[] {
    if (needs === "both") return ["read", "write"];
    if (type === Fxp.open) return needs === "write" ? ["write"] : ["read"];
    return rule?.access === "read" ? ["read"] : ["write"];
  }
}
