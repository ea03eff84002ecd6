/** A gateway in front of a real sshd, both started here: what most end-to-end tests need. */
import { grantNew, startGatehouse, code, type Api, type Credentials, type Gatehouse } from "./gatehouse.js";
import { SshClient } from "./ssh-client.js";
import { startSshd, type TestSshd } from "./sshd.js";

export interface Lab {
  readonly house: Gatehouse;
  readonly sshd: TestSshd;
  readonly asset: { readonly id: string; readonly name: string };
  readonly account: { readonly id: string; readonly login: string };
  /** A new operator with a live grant, and the client that signs in as him. */
  operator(
    actions: readonly string[],
    options?: { readonly durationMs?: number; readonly limits?: unknown },
  ): Promise<Operator>;
  stop(): Promise<void>;
}

export interface Operator extends Credentials {
  readonly id: string;
  readonly grantId: string;
  readonly requestId: string;
  readonly api: Api;
  /** `person@account@asset`, as typed after `-l`. */
  readonly target: string;
  /** A client whose code is good for one sign-in. */
  client(): Promise<SshClient>;
}

/** Registers a real host as an asset with one account, through the API, as administrators would. */
export async function addAsset(
  house: Gatehouse,
  input: {
    readonly name: string;
    readonly port: number;
    readonly login: string;
    readonly secret: string;
    readonly kind?: "password" | "key";
    readonly legacy?: boolean;
  },
): Promise<{ readonly assetId: string; readonly accountId: string }> {
  const system = await house.as("erin");
  const asset = await system.call("POST", "/assets", {
    name: input.name,
    protocol: "ssh",
    host: "127.0.0.1",
    port: input.port,
    description: "a real sshd",
    legacyAlgorithms: input.legacy ?? false,
  });
  const scan = await system.call("POST", `/assets/${asset.id}/host-key-scan`);
  await system.call("POST", `/assets/${asset.id}/host-key`, { publicKey: scan.publicKey });
  const account = await system.call("POST", "/accounts", { assetId: asset.id, login: input.login });
  await system.call("PUT", `/accounts/${account.id}/credential`, { kind: input.kind ?? "key", secret: input.secret });
  return { assetId: asset.id as string, accountId: account.id as string };
}

export async function startLab(
  options: { readonly env?: Record<string, string>; readonly allow?: readonly string[] } = {},
): Promise<Lab> {
  const sshd = await startSshd();
  const allowed = [`127.0.0.1:${sshd.port}`, ...(options.allow ?? [])];
  const house = await startGatehouse({ env: { GATEHOUSE_ALLOW_TARGETS: allowed.join(","), ...options.env } }).catch(
    async (error: unknown) => {
      await sshd.stop();
      throw error;
    },
  );
  const clients: SshClient[] = [];
  const { assetId, accountId } = await addAsset(house, {
    name: "web-01",
    port: sshd.port,
    login: sshd.login,
    secret: sshd.privateKey,
  });
  return {
    house,
    sshd,
    asset: { id: assetId, name: "web-01" },
    account: { id: accountId, login: sshd.login },
    operator: async (actions, more = {}) => {
      const granted = await grantNew(house, { accountId, actions, ...more });
      return {
        ...granted,
        target: `${granted.login}@${sshd.login}@web-01`,
        client: async () => {
          const client = new SshClient(house.sshPort, {
            password: granted.password,
            code: await code(granted.totp, 1),
          });
          clients.push(client);
          return client;
        },
      };
    },
    stop: async () => {
      for (const client of clients) client.dispose();
      await house.stop();
      await sshd.stop();
    },
  };
}
