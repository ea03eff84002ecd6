/**
 * RDP as guacd takes it (guacd's `args` for `rdp`, 1.3.0 to 1.6.0). Everything that could carry data past the gate is said to be
 * off, by name, whatever guacd's defaults are: printer, sound, microphone, static channels, SFTP, guacd's own recording, gateways,
 * wake-on-LAN, programs to start. An enabling argument that a guacd lacks is a thing it cannot do; a restricting one is a hole.
 */
import { CERTIFICATE_UNCHECKED } from "../../../domain/index.js";
import type { Rights } from "../guac/rights.js";
import type { ArgumentsFrom, DesktopProtocol } from "./protocol.js";

const FINGERPRINT = /^x509-sha256 ([0-9a-f]{64})$/;

/** What never depends on anything. */
const ALWAYS_OFF: Readonly<Record<string, string>> = {
  "initial-program": "",
  "remote-app": "",
  "remote-app-dir": "",
  "remote-app-args": "",
  console: "false",
  "console-audio": "false",
  "disable-audio": "true",
  "disable-auth": "false",
  "enable-audio-input": "false",
  "enable-printing": "false",
  "printer-name": "",
  "enable-sftp": "false",
  "sftp-disable-download": "true",
  "sftp-disable-upload": "true",
  "static-channels": "",
  "recording-path": "",
  "recording-name": "",
  "create-recording-path": "false",
  "recording-include-keys": "false",
  "gateway-hostname": "",
  "gateway-port": "",
  "gateway-domain": "",
  "gateway-username": "",
  "gateway-password": "",
  "load-balance-info": "",
  "preconnection-id": "",
  "preconnection-blob": "",
  "wol-send-packet": "false",
  "cert-tofu": "false",
  "read-only": "false",
};

export const rdp: DesktopProtocol = {
  protocol: "rdp",
  guacdName: "rdp",
  action: "rdp.connect",
  parameters(from) {
    const { plan, choices } = from;
    if (plan.credential.kind !== "password") return { ok: false, code: "target-credential-refused" };
    const certificate = certificateArguments(plan.hostKey);
    if (certificate === undefined) return { ok: false, code: "target-key-unknown" };
    const { domain, username } = splitLogin(plan.username);
    return {
      ok: true,
      named: {
        ...ALWAYS_OFF,
        hostname: plan.address,
        port: String(plan.port),
        domain,
        username,
        password: plan.credential.password,
        width: String(choices.width),
        height: String(choices.height),
        dpi: String(choices.dpi),
        "color-depth": "24",
        "server-layout": choices.keyboardLayout,
        timezone: choices.timeZone,
        security: plan.desktop?.security ?? "any",
        "client-name": "gatehouse",
        "resize-method": "display-update",
        "enable-touch": "true",
        "normalize-clipboard": "preserve",
        ...certificate,
        ...passageArguments(from),
      },
      restricting: restricting(from.rights, "cert-fingerprints" in certificate),
    };
  },
};

/** `DOMAIN\user` is split; guacd would send it as the user's name. */
function splitLogin(login: string): { readonly domain: string; readonly username: string } {
  const at = login.indexOf("\\");
  return at < 0 ? { domain: "", username: login } : { domain: login.slice(0, at), username: login.slice(at + 1) };
}

/** FreeRDP compares fingerprints as lower-case pairs between colons, with the hash's name before them. */
function certificateArguments(hostKey: string): Readonly<Record<string, string>> | undefined {
  if (hostKey === CERTIFICATE_UNCHECKED) return { "ignore-cert": "true" };
  const hex = FINGERPRINT.exec(hostKey)?.[1];
  if (hex === undefined) return undefined;
  return { "ignore-cert": "false", "cert-fingerprints": `sha256:${(hex.match(/../g) ?? []).join(":")}` };
}

function passageArguments({ rights, drivePath }: ArgumentsFrom): Readonly<Record<string, string>> {
  const off = (right: boolean): string => (right ? "false" : "true");
  return {
    "disable-copy": off(rights.copy),
    "disable-paste": off(rights.paste),
    "disable-upload": off(rights.upload),
    "disable-download": off(rights.download),
    "enable-drive": drivePath === null ? "false" : "true",
    "drive-name": "Gatehouse",
    "drive-path": drivePath ?? "",
    "create-drive-path": "false",
  };
}

function restricting(rights: Rights, pinned: boolean): readonly string[] {
  return [
    "ignore-cert",
    "disable-audio",
    ...(pinned ? ["cert-fingerprints"] : []),
    ...(rights.copy ? [] : ["disable-copy"]),
    ...(rights.paste ? [] : ["disable-paste"]),
    ...(rights.upload ? [] : ["disable-upload"]),
    ...(rights.download ? [] : ["disable-download"]),
  ];
}
