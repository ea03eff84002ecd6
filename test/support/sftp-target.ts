/** A small SFTP version 3 server over a map of files, for tests: it answers one packet with one packet and logs what it was asked. */
import {
  BODY_AT,
  FieldReader,
  Fx,
  Fxp,
  PacketSplitter,
  build,
  buildHello,
  buildStatus,
  decode,
  encode,
  idOf,
  stringField,
  typeOf,
  u32Field,
} from "../../gateway/doors/ssh/sftp/packets.js";

const ADVERTISED = [
  "limits@openssh.com",
  "posix-rename@openssh.com",
  "hardlink@openssh.com",
  "fsync@openssh.com",
  "copy-data",
  "vendor-id",
  "expand-path@openssh.com",
];

export class SftpTarget {
  readonly files = new Map<string, Uint8Array>();
  /** Link path → where it leads. */
  readonly links = new Map<string, string>();
  /** `type path-or-nothing` of each request, in order. */
  readonly asked: string[] = [];
  readonly #splitter = new PacketSplitter("operator", 1 << 20);
  readonly #handles = new Map<string, string>();
  #next = 0;

  /** Packets that answer these bytes, one each. */
  push(bytes: Uint8Array): Uint8Array[] {
    return this.#splitter.push(bytes).map((packet) => this.#answer(packet));
  }

  #answer(packet: Uint8Array): Uint8Array {
    const type = typeOf(packet);
    if (type === Fxp.init)
      return buildHello(
        Fxp.version,
        3,
        ADVERTISED.map((name) => [encode(name), encode("1")] as const),
      );
    const id = idOf("operator", packet);
    const reader = new FieldReader("operator", packet, BODY_AT);
    const first = type === Fxp.extended ? `${decode(reader.string())} ` : "";
    const key = reader.done ? "" : decode(reader.string());
    this.asked.push(`${type} ${first}${this.#handles.get(key) ?? key}`);
    switch (type) {
      case Fxp.realpath:
        return this.#realpath(id, key);
      case Fxp.open:
      case Fxp.opendir:
        return this.#open(id, type, key, type === Fxp.open ? reader.u32() : 1);
      case Fxp.read:
        return this.#read(id, this.#handles.get(key), reader.u64(), reader.u32());
      case Fxp.write:
        return this.#write(id, this.#handles.get(key), reader.u64(), reader.string());
      case Fxp.stat:
      case Fxp.lstat:
      case Fxp.fstat:
        return build(Fxp.attrs, id, [u32Field(0)]);
      case Fxp.readdir:
        return buildStatus(id, Fx.eof, "end");
      case Fxp.readlink:
        return build(Fxp.name, id, [u32Field(1), stringField(encode("/x")), stringField(encode("/x")), u32Field(0)]);
      default:
        return buildStatus(id, Fx.ok, "done");
    }
  }

  #realpath(id: number, path: string): Uint8Array {
    const absolute = path === "." ? "/home" : path.startsWith("/") ? path : `/home/${path}`;
    const real = this.links.get(absolute) ?? absolute;
    const exists = this.files.has(real) || ["/", "/home", "/tmp", "/etc"].includes(real);
    if (!exists) return buildStatus(id, Fx.noSuchFile, "no such file");
    return build(Fxp.name, id, [u32Field(1), stringField(encode(real)), stringField(encode(real)), u32Field(0)]);
  }

  #open(id: number, type: number, path: string, flags: number): Uint8Array {
    if (type === Fxp.open && !this.files.has(path)) {
      if ((flags & 8) === 0) return buildStatus(id, Fx.noSuchFile, "no such file");
      this.files.set(path, new Uint8Array(0));
    }
    if ((flags & 16) !== 0) this.files.set(path, new Uint8Array(0));
    const handle = `h${String(this.#next++)}`;
    this.#handles.set(handle, path);
    return build(Fxp.handle, id, [stringField(encode(handle))]);
  }

  #read(id: number, path: string | undefined, offset: number, length: number): Uint8Array {
    const bytes = this.files.get(path ?? "")?.subarray(offset, offset + length) ?? new Uint8Array(0);
    return bytes.length === 0 ? buildStatus(id, Fx.eof, "end") : build(Fxp.data, id, [stringField(bytes)]);
  }

  #write(id: number, path: string | undefined, offset: number, bytes: Uint8Array): Uint8Array {
    if (path === undefined) return buildStatus(id, Fx.failure, "no handle");
    const before = this.files.get(path) ?? new Uint8Array(0);
    const after = new Uint8Array(Math.max(before.length, offset + bytes.length));
    after.set(before);
    after.set(bytes, offset);
    this.files.set(path, after);
    return buildStatus(id, Fx.ok, "done");
  }
}
