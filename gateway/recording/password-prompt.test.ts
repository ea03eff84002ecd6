import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PasswordPrompt } from "./password-prompt.js";

const PROMPTS = [
  "[sudo] password for alice: ",
  "[sudo: authenticate] Password: ",
  "Password: ",
  "Current password: ",
  "(current) UNIX password: ",
  "New password: ",
  "Retype new password: ",
  "root@db-01's password: ",
  "(root@db-01) Password: ",
  "Enter passphrase for key '/root/.ssh/id_ed25519': ",
  "Enter password: ",
  "Password for user postgres: ",
  "Please enter the passphrase to unlock:",
  "Enter PIN for 'token': ",
  "Password for alice@EXAMPLE.ORG: ",
  "Password for 'https://alice@git.example': ",
  "Enter same passphrase again: ",
  "Vault password: ",
  "LDAPPassword: ",
  "Verification code: ",
  "Enter LUKS passphrase for /dev/sda2: ",
  "密码：",
  "密码: ",
  "[sudo] alice 的密码：",
  "请输入口令: ",
  "\u001b[1;31mPassword:\u001b[0m ",
  "\u001b]0;title: x\u0007\u001b[?2004lPassword: ",
  "Passwort: ",
  "Mot de passe : ",
  "Phrase de passe : ",
  "Heslo: ",
  "Parola: ",
  "Hasło: ",
  "Jelszó: ",
  "Salasana: ",
  "Adgangskode: ",
  "Passord: ",
  "Lozinka: ",
  "Mật khẩu: ",
  "รหัสผ่าน: ",
  "كلمة المرور: ",
];
const NOT_PROMPTS = [
  "$ ",
  "root@web-01:~# ",
  "mysql> ",
  "Continue? [y/N] ",
  "login: ",
  "mapping: ",
  "changed password for bob\r\n$ ",
  "File name: ",
];

const bytes = (text: string): Buffer => Buffer.from(text);
const letters = (prompt: PasswordPrompt, text: string): { text: string; secret: boolean; endsLine: boolean }[] =>
  prompt
    .input(bytes(text))
    .map((piece) => ({ ...piece, text: Buffer.from(piece.bytes).toString() }))
    .map(({ text: t, secret, endsLine }) => ({ text: t, secret, endsLine }));

describe("a prompt for a secret", () => {
  test("is noticed whole and split at every byte", () => {
    expect(PROMPTS.length).toBeGreaterThan(20);
    for (const prompt of PROMPTS) {
      const all = bytes(`some line\r\n${prompt}`);
      for (let at = 0; at <= all.length; at++) {
        const detector = new PasswordPrompt();
        detector.output(all.subarray(0, at));
        detector.output(all.subarray(at));
        expect(letters(detector, "s3cret\r"), `${prompt} split at ${String(at)}`).toEqual([
          { text: "s3cret\r", secret: true, endsLine: true },
        ]);
      }
      const single = new PasswordPrompt();
      for (const byte of all) single.output(Uint8Array.of(byte));
      expect(letters(single, "x")[0]?.secret, prompt).toBe(true);
    }
  });

  test("is not seen in ordinary lines", () => {
    for (const line of NOT_PROMPTS) {
      const detector = new PasswordPrompt();
      detector.output(bytes(line));
      expect(letters(detector, "ls\r"), line).toEqual([{ text: "ls\r", secret: false, endsLine: true }]);
    }
  });

  test("stands until it is answered, whatever is printed meanwhile", () => {
    const detector = new PasswordPrompt();
    detector.output(bytes("Password: "));
    expect(letters(detector, "abc")).toEqual([{ text: "abc", secret: true, endsLine: false }]);
    detector.output(bytes("\r\n[1]+  Done  make\r\n$ \u001b[2Jnoise"));
    expect(letters(detector, "def")[0]?.secret).toBe(true);
    detector.output(bytes("x".repeat(100_000)));
    expect(letters(detector, "\r")[0]?.secret).toBe(true);
    expect(letters(detector, "ls")[0]?.secret).toBe(false);
  });

  test("was seen where a carriage return wrote over it, in one of many lines", () => {
    const detector = new PasswordPrompt();
    const lines = "a line that asks for nothing: 1\n".repeat(50);
    detector.output(bytes(`${lines}Password: \rsome progress that is longer than the prompt was\n${lines}`));
    expect(letters(detector, "abc")[0]?.secret).toBe(true);
  });

  test("is spent by carriage return, line feed, Ctrl-C and Ctrl-D, and what was typed ahead is judged anew", () => {
    for (const end of ["\r", "\n", "\u0003", "\u0004"]) {
      const detector = new PasswordPrompt();
      detector.output(bytes("Password: "));
      const line = end === "\r" || end === "\n";
      expect(letters(detector, `hunter2${end}ls\rpwd`)).toEqual([
        { text: `hunter2${end}`, secret: true, endsLine: line },
        { text: "ls\r", secret: false, endsLine: true },
        { text: "pwd", secret: false, endsLine: false },
      ]);
    }
  });

  test("that comes twice hides both answers", () => {
    const detector = new PasswordPrompt();
    for (const prompt of ["New password: ", "\r\nRetype new password: "]) {
      detector.output(bytes(prompt));
      expect(letters(detector, "n3w\r")[0]?.secret).toBe(true);
    }
    detector.output(bytes("\r\npasswd: password updated successfully\r\n# "));
    expect(letters(detector, "id\r")[0]?.secret).toBe(false);
  });

  test("is found behind one key that was typed too early, and the echo of a command is none", () => {
    const early = new PasswordPrompt();
    early.output(bytes("$ "));
    letters(early, "sudo id\r");
    early.output(bytes("sudo id\r\n"));
    letters(early, "h");
    early.output(bytes("hPassword: "));
    expect(letters(early, "unter2")[0]?.secret).toBe(true);
    const echo = new PasswordPrompt();
    echo.output(bytes("$ "));
    for (const key of "grep password:") {
      expect(letters(echo, key)[0]?.secret).toBe(false);
      echo.output(bytes(key));
    }
    expect(letters(echo, " file\r")[0]?.secret).toBe(false);
  });

  test("loses no byte of the operator and never throws, whatever comes", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 80 })), { maxLength: 30 }), (steps) => {
        const detector = new PasswordPrompt();
        for (const [out, chunk] of steps) {
          if (out) detector.output(chunk);
          else
            expect(Buffer.concat(detector.input(chunk).map((piece) => piece.bytes)).equals(Buffer.from(chunk))).toBe(
              true,
            );
        }
      }),
      { numRuns: 300 },
    );
  });

  test("is found in one of many lines as it is alone, wherever the bytes lie in memory", () => {
    const part = fc.constantFrom(
      "Password: ",
      "密码：",
      "pin:",
      "a",
      "bcdefghij ",
      ":",
      " ",
      "\r",
      "\u001b[0m",
      "\t",
      "é",
    );
    const line = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(""));
    const asks = (all: Uint8Array): boolean => {
      const detector = new PasswordPrompt();
      detector.output(all);
      return letters(detector, "x")[0]?.secret === true;
    };
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.nat(7), (lines, before) => {
        const all = bytes(lines.join("\n"));
        const moved = new Uint8Array(before + all.length + 5).fill(0x0a).subarray(before, before + all.length);
        moved.set(all);
        expect(asks(moved)).toBe(lines.some((one) => asks(bytes(one))));
      }),
      { numRuns: 2_000 },
    );
  });

  test("costs little on a flood", () => {
    const detector = new PasswordPrompt();
    const chunk = bytes("Nov 22 01:02:03 web-01 nginx[123]: GET /index.html 200 some more text here\n".repeat(400));
    const began = process.hrtime.bigint();
    for (let n = 0; n < 500; n++) detector.output(chunk);
    const megabytes = (500 * chunk.length) / 1e6;
    expect(Number(process.hrtime.bigint() - began) / 1e6 / megabytes).toBeLessThan(20);
  });
});
