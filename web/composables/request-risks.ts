/** What an approver should mind in a request, as codes in the order of weight. Pure: the page finds the words. */
import type { RequestView } from "../api/types.js";

const HOUR_MS = 3_600_000;
const PRIVILEGED = new Set(["root", "administrator", "admin", "sa", "sys", "system", "postgres", "oracle"]);

export interface Risk {
  readonly code:
    | "riskNoKey"
    | "riskCertificate"
    | "riskLegacy"
    | "riskRoot"
    | "riskContract"
    | "riskShell"
    | "riskWrite"
    | "riskForward"
    | "riskMissing"
    | "riskCopy"
    | "riskPaste"
    | "riskUpload"
    | "riskDownload"
    | "riskLong"
    | "riskNight"
    | "riskNoOrder";
  /** Wrong in itself, not only weighty. */
  readonly danger: boolean;
  readonly login?: string;
}

/** Whether `[from, from + ms)` touches 22:00–6:00 of the reader's day. */
export function touchesNight(from: number, ms: number): boolean {
  if (ms >= 16 * HOUR_MS) return true;
  for (let at = from; at < from + ms; at += HOUR_MS / 4) {
    const hour = new Date(at).getHours();
    if (hour >= 22 || hour < 6) return true;
  }
  return false;
}

/** `now`: epoch ms, the earliest that the window can begin. */
export function risksOf(
  request: Pick<RequestView, "items" | "durationMs" | "windowFrom" | "workOrder" | "contractEndsAt">,
  now: number,
): readonly Risk[] {
  const risks: Risk[] = [];
  const mind = (code: Risk["code"], when: boolean, danger = false): void => {
    if (when) risks.push({ code, danger });
  };
  const actions = new Set(request.items.flatMap((item) => item.actions));
  const from = Math.max(now, request.windowFrom);
  mind(
    "riskNoKey",
    request.items.some((item) => item.hostKeyFingerprint === null && item.certificate !== "unchecked"),
    true,
  );
  mind(
    "riskCertificate",
    request.items.some((item) => item.certificate === "unchecked"),
    true,
  );
  mind(
    "riskLegacy",
    request.items.some((item) => item.legacyAlgorithms),
    true,
  );
  for (const login of new Set(request.items.map((item) => item.accountLogin))) {
    if (PRIVILEGED.has(login.toLowerCase())) risks.push({ code: "riskRoot", danger: false, login });
  }
  mind("riskContract", request.contractEndsAt !== null && request.contractEndsAt - now < 7 * 24 * HOUR_MS);
  mind("riskShell", actions.has("ssh.shell"));
  mind("riskWrite", actions.has("sftp.write"));
  mind("riskForward", actions.has("ssh.forward"));
  mind(
    "riskMissing",
    request.items.some((item) => item.desktop?.acceptsMissing === true),
  );
  mind("riskCopy", actions.has("rdp.copy"));
  mind("riskPaste", actions.has("rdp.paste"));
  mind("riskUpload", actions.has("rdp.upload"));
  mind("riskDownload", actions.has("rdp.download"));
  mind("riskLong", request.durationMs > 8 * HOUR_MS);
  mind("riskNight", touchesNight(from, request.durationMs));
  mind("riskNoOrder", request.workOrder === "");
  return risks;
}
