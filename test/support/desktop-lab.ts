/**
 * A gateway in front of a real guacd and a real xrdp desktop, all started here. Desktops are asked for over the API, as the
 * page does it; `watch` and `drive` are the page's own Chromium.
 */
import { chmodSync } from "node:fs";
import type { DesktopUser } from "./desktop-user.js";
import { terminal } from "./desktops.js";
import { grantNew, startGatehouse, type Api, type Credentials, type Gatehouse } from "./gatehouse.js";
import { startGuacd, type TestGuacd } from "./guacd.js";
import { startXrdp, type TestXrdp, type XrdpOptions } from "./xrdp.js";

export interface DesktopLab {
  readonly house: Gatehouse;
  readonly guacd: TestGuacd;
  readonly xrdp: TestXrdp;
  readonly asset: { readonly id: string; readonly name: string };
  /** The folder that holds the sessions' drives; "" without drives. */
  readonly drive: string;
  /** Another login on the host, with an account of its own. */
  addDesktop(session?: string): Promise<{ readonly accountId: string; readonly user: DesktopUser }>;
  /** A new operator with a live grant for that account. */
  operator(
    accountId: string,
    actions?: readonly string[],
    more?: { readonly durationMs?: number },
  ): Promise<DesktopOperator>;
  stop(): Promise<void>;
}

export interface DesktopOperator extends Credentials {
  readonly id: string;
  readonly accountId: string;
  readonly grantId: string;
  readonly api: Api;
}

export const CHOICES = { width: 1024, height: 768, dpi: 96, keyboardLayout: "en-us-qwerty", timeZone: "Asia/Shanghai" };

export async function addDesktopAsset(
  house: Gatehouse,
  input: { readonly name: string; readonly port: number; readonly desktop?: Readonly<Record<string, unknown>> },
): Promise<string> {
  const system = await house.as("erin");
  const asset = await system.call("POST", "/assets", {
    name: input.name,
    protocol: "rdp",
    host: "127.0.0.1",
    port: input.port,
    description: "a real xrdp",
    legacyAlgorithms: false,
    desktop: { security: "any", acceptsMissing: false, ...input.desktop },
  });
  await system.call("POST", `/assets/${asset.id}/host-key`, { publicKey: "certificate-unchecked" });
  return asset.id as string;
}

export async function addDesktopAccount(
  house: Gatehouse,
  input: { readonly assetId: string; readonly login: string; readonly password: string },
): Promise<string> {
  const system = await house.as("erin");
  const account = await system.call("POST", "/accounts", { assetId: input.assetId, login: input.login });
  await system.call("PUT", `/accounts/${account.id}/credential`, {
    kind: "password",
    secret: input.password,
    untested: true,
  });
  return account.id as string;
}

export async function startDesktopLab(
  options: {
    readonly env?: Record<string, string>;
    readonly allow?: readonly string[];
    readonly xrdp?: XrdpOptions;
    readonly drive?: boolean;
  } = {},
): Promise<DesktopLab> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.reverse()) await end();
  };
  try {
    const guacd = await startGuacd();
    ends.push(() => guacd.stop());
    const xrdp = await startXrdp(options.xrdp);
    ends.push(() => xrdp.stop());
    const drive: Record<string, string> = {};
    if (options.drive === true) {
      drive["GATEHOUSE_DRIVE"] = guacd.driveFolder();
      // What the gate makes in it belongs to guacd's group.
      chmodSync(drive["GATEHOUSE_DRIVE"], 0o2770);
    }
    const house = await startGatehouse({
      env: {
        GATEHOUSE_GUACD: `${guacd.host}:${guacd.port}`,
        GATEHOUSE_ALLOW_TARGETS: [`127.0.0.1:${xrdp.port}`, ...(options.allow ?? [])].join(","),
        ...drive,
        ...options.env,
      },
    });
    ends.push(() => house.stop());
    const assetId = await addDesktopAsset(house, { name: "desk-01", port: xrdp.port });
    return {
      house,
      guacd,
      xrdp,
      asset: { id: assetId, name: "desk-01" },
      drive: drive["GATEHOUSE_DRIVE"] ?? "",
      addDesktop: async (session = terminal) => {
        const user = xrdp.addUser(session);
        const accountId = await addDesktopAccount(house, { assetId, login: user.login, password: user.password });
        return { accountId, user };
      },
      operator: async (accountId, actions = ["rdp.connect"], more = {}) => ({
        ...(await grantNew(house, { accountId, actions, ...more })),
        accountId,
      }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
