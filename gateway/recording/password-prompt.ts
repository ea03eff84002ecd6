/**
 * Notices on a terminal's stream that a program asks for a secret, so that the answer is kept nowhere. It reads the last line of
 * the output without its escape sequences; once a prompt stood there the operator's bytes are secret until a line end, Ctrl-C or
 * Ctrl-D is sent, whatever is printed meanwhile. Prompts are known by their words: SSH carries no echo state, so an unknown
 * prompt is not noticed, and nothing else may rest on this. When in doubt it says secret. Pure; holds at most 512 bytes a direction.
 */

/** A piece of the operator's bytes. */
export interface InputPiece {
  readonly bytes: Uint8Array;
  readonly secret: boolean;
  readonly endsLine: boolean;
}

const TAIL_MAX = 512;
const ESCAPE_MAX = 32;
const ESC = 0x1b;
const CTRL_C = 0x03;
const CTRL_D = 0x04;
const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);

/** What may stand between the word and the colon: an object such as `for alice`, `of key '…'`, `(again)`. */
const PROMPTS: readonly RegExp[] = [
  // sudo, su, passwd, ssh, kinit, mysql, psql, ftp, gpg, ssh-keygen, cryptsetup, git
  /(?:pass[-_ ]?(?:word|phrase|code)|passwd|\bpswd|\bpwd)(?:[^\p{L}\n][^\n]*)?[:：?>]$/iu,
  // what tokens show
  /\b(?:pin|otp|token|(?:verification|one[- ]time|authentication|security) code)(?:[^\p{L}\n][^\n]*)?[:：]$/iu,
  // sealed stores
  /\b(?:secret|unseal|api|access|private|encryption|master|recovery)[- ]?(?:key|token)?(?:[^\p{L}\n][^\n]*)?[:：]$/iu,
  /(?:密码|密碼|口令|验证码|驗證碼|动态码|パスワード|パスフレーズ|暗証番号|암호|비밀번호)[^\n]*[:：?？>]$/u,
  /(?:密码|密碼|口令)$/u,
  /(?:mot de passe|phrase de passe|contrase(?:ñ|n)a|passwort|kennwort|senha|wachtwoord|пароль|hasło|lösenord)(?:[^\p{L}\n][^\n]*)?[:：]$/iu,
  /(?:\bheslo|\bparola|jelszó|salasana|adgangskode|passord|lozinka|mật khẩu|รหัสผ่าน|كلمة المرور|סיסמה)(?:[^\p{L}\n][^\n]*)?[:：]$/iu,
];

/** What every one of them ends in: looked at first, because binary output is full of lines that could be anything. */
const ENDINGS: ReadonlySet<string> = new Set([":", "：", "?", "？", ">", "码", "碼", "令"]);

/** Whether a line, as it is shown and without blanks at its end, is one that asks for a secret. */
export function asksForSecret(line: string): boolean {
  return ENDINGS.has(line.at(-1) ?? "") && PROMPTS.some((prompt) => prompt.test(line));
}

/**
 * Whether the line in `bytes[from, end)` could be a prompt: by its last visible byte, an escape sequence near its end, or a carriage
 * return within. `cr` is its first carriage return, `escape` its last ESC, each negative without one. Cheap, because a flood asks it for
 * each of its lines.
 */
function mayAsk(bytes: Uint8Array, from: number, end: number, cr: number, escape: number): boolean {
  let last = end;
  while (last > from && (bytes[last - 1] === CR || bytes[last - 1] === BLANK)) last--;
  if (last === from) return false;
  return (cr >= 0 && cr < last) || mayEndPrompt(bytes[last - 1] ?? 0) || escape >= Math.max(from, end - ESCAPE_MAX);
}

/** Finds control characters, four bytes at a time: on a terminal's short lines that is twice as fast as the platform's own search. */
class ControlSearch {
  readonly #bytes: Uint8Array;
  /** Bytes before the first whole word. */
  readonly #before: number;
  readonly #words: Int32Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#before = -bytes.byteOffset & 3;
    const words = (bytes.length - this.#before) >> 2;
    this.#words = words > 0 ? new Int32Array(bytes.buffer, bytes.byteOffset + this.#before, words) : NO_WORDS;
  }

  /** Where the next one stands; behind the end when none does. */
  next(from: number): number {
    const words = this.#words;
    let at = this.#visible(from, Math.min(this.#bytes.length, from + (-(from - this.#before) & 3)));
    if (((at - this.#before) & 3) !== 0) return at;
    let word = (at - this.#before) >>> 2;
    while (word < words.length && !holdsControl(words[word] ?? 0)) word++;
    at = this.#before + 4 * word;
    return this.#visible(at, this.#bytes.length);
  }

  #visible(from: number, end: number): number {
    let at = from;
    while (at < end && (this.#bytes[at] ?? 0) >= BLANK) at++;
    return at;
  }
}

/** Whether one of a word's four bytes is below 0x20: only there a borrow reaches a high bit that the byte has not itself. */
function holdsControl(word: number): boolean {
  return ((word - 0x2020_2020) & ~word & 0x8080_8080) !== 0;
}

/** A line's last byte when it could end a prompt: punctuation above, anything beyond ASCII, or the end of an escape sequence. */
function mayEndPrompt(byte: number): boolean {
  return byte === 0x3a || byte === 0x3f || byte === 0x3e || byte >= 0x80 || byte < 0x20;
}

export class PasswordPrompt {
  readonly #utf8 = new TextDecoder();
  /** The unfinished last line, raw. */
  #line: Uint8Array = NO_BYTES;
  /** What the operator typed on it in the open: its echo is no prompt. */
  #typed: Uint8Array = NO_BYTES;
  #asked = false;

  /** Bytes of the target, in order, in pieces split anywhere. Whole lines that cannot ask are passed over where they lie. */
  output(bytes: Uint8Array): void {
    const controls = new ControlSearch(bytes);
    let from = 0;
    let cr = -1;
    let escape = -1;
    for (let at = controls.next(0); at < bytes.length; at = controls.next(at + 1)) {
      const byte = bytes[at];
      if (byte === CR) cr = cr < 0 ? at : cr;
      else if (byte === ESC) escape = at;
      if (byte !== LF) continue;
      if (this.#line.length > 0 || (!this.#asked && mayAsk(bytes, from, at, cr, escape))) {
        this.#judge(bytes.subarray(from, at));
        this.#line = NO_BYTES;
      }
      from = at + 1;
      cr = -1;
      escape = -1;
    }
    if (from < bytes.length) this.#line = tail([this.#judge(bytes.subarray(from))]);
  }

  /** Bytes of the operator, split behind every line end, Ctrl-C and Ctrl-D; what stands behind one is judged anew. */
  input(bytes: Uint8Array): InputPiece[] {
    const pieces: InputPiece[] = [];
    let from = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at];
      const endsLine = byte === CR || byte === LF;
      if (!endsLine && byte !== CTRL_C && byte !== CTRL_D) continue;
      pieces.push({ bytes: bytes.subarray(from, at + 1), secret: this.#asked, endsLine });
      this.#asked = false;
      this.#line = NO_BYTES;
      this.#typed = NO_BYTES;
      from = at + 1;
    }
    if (from === bytes.length) return pieces;
    const rest = bytes.subarray(from);
    if (!this.#asked) this.#typed = tail([this.#typed, rest]);
    pieces.push({ bytes: rest, secret: this.#asked, endsLine: false });
    return pieces;
  }

  /** Judges the unfinished line with what follows on it; answers both together. */
  #judge(part: Uint8Array): Uint8Array {
    const line = this.#line.length === 0 ? part : tail([this.#line, part]);
    this.#asked ||= this.#isPrompt(line);
    return line;
  }

  #isPrompt(line: Uint8Array): boolean {
    if (!mayAsk(line, 0, line.length, line.indexOf(CR), line.lastIndexOf(ESC))) return false;
    // A carriage return begins the line anew, but what stood before it was seen.
    const shown = this.#utf8.decode(tail([line]));
    return shown.split("\r").some((text) => this.#asks(withoutEscapes(text).trimEnd()));
  }

  #asks(line: string): boolean {
    if (!asksForSecret(line)) return false;
    const typed = withoutEscapes(this.#utf8.decode(this.#typed)).trim();
    return typed.length < 2 || !line.endsWith(typed);
  }
}

/** The last bytes of all parts together, copied. */
function tail(parts: readonly Uint8Array[]): Uint8Array {
  const all = Buffer.concat(parts);
  return Uint8Array.from(all.subarray(Math.max(0, all.length - TAIL_MAX)));
}

/** Text as the screen shows it on one line: ECMA-48 sequences and control characters gone, backspaces done. */
function withoutEscapes(text: string): string {
  let shown = "";
  let state: "text" | "escape" | "csi" | "string" | "skip" = "text";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code === 0x1b) {
      state = "escape";
    } else if (state === "text") {
      if (code === 0x9b) state = "csi";
      else if (code === 0x08) shown = shown.slice(0, -1);
      else if (code >= 0x20 && code !== 0x7f) shown += character;
    } else if (state === "csi") {
      if (code >= 0x40 && code <= 0x7e) state = "text";
    } else if (state === "string") {
      if (code === 0x07 || code === 0x9c) state = "text";
    } else if (state === "escape") {
      state =
        character === "["
          ? "csi"
          : "]PX^_".includes(character)
            ? "string"
            : "()*+-./# %".includes(character)
              ? "skip"
              : "text";
    } else {
      state = "text";
    }
  }
  return shown;
}
