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
const CTRL_C = 0x03;
const CTRL_D = 0x04;
const LF = 0x0a;
const CR = 0x0d;
const NO_BYTES = new Uint8Array(0);

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
  /(?:mot de passe|contrase(?:ñ|n)a|passwort|kennwort|senha|wachtwoord|пароль|hasło|lösenord)(?:[^\p{L}\n][^\n]*)?[:：]$/iu,
];

/** Whether a line, as it is shown and without blanks at its end, is one that asks for a secret. */
export function asksForSecret(line: string): boolean {
  return PROMPTS.some((prompt) => prompt.test(line));
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

  /** Bytes of the target, in order, in pieces split anywhere. */
  output(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) {
      const lf = bytes.indexOf(LF, from);
      const part = bytes.subarray(from, lf < 0 ? bytes.length : lf);
      const line = this.#line.length === 0 ? part : tail([this.#line, part]);
      this.#asked ||= this.#isPrompt(line);
      this.#line = lf < 0 ? tail([line]) : NO_BYTES;
      from = lf < 0 ? bytes.length : lf + 1;
    }
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

  #isPrompt(line: Uint8Array): boolean {
    let end = line.length;
    while (end > 0 && (line[end - 1] === CR || line[end - 1] === 0x20)) end--;
    const last = line[end - 1];
    if (last === undefined || !(mayEndPrompt(last) || hasEscapeNearEnd(line))) return false;
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

function hasEscapeNearEnd(line: Uint8Array): boolean {
  return line.lastIndexOf(0x1b) >= line.length - 32 && line.length > 0;
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
