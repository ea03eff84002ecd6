/** An ssh2 client signed in at a test door, for what OpenSSH's client would never do. */
import ssh2, { type Client } from "ssh2";

/** Signs in with the fake broker's password and code; later errors of the connection are passed over. */
export function signInPeer(port: number, login: string): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const answers = ["correct horse", "123456"];
    client.on("error", reject);
    client.on("ready", () => {
      client.removeAllListeners("error");
      client.on("error", () => undefined);
      resolve(client);
    });
    const prompt = (_n: string, _i: string, _l: string, _p: unknown, give: (list: string[]) => void): void =>
      give([answers.shift() ?? ""]);
    client.connect({
      host: "127.0.0.1",
      port,
      username: login,
      authHandler: [{ type: "keyboard-interactive", username: login, prompt }] as never,
    });
  });
}
