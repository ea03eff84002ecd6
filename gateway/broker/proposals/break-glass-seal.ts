/**
 * New sealed envelopes, one for each power and two for security: half of every code goes to the proposer, half to who confirms, each on a page to
 * print and seal. What was sealed before is worth nothing from then on.
 */
import { canonicalText, done, refused, type Actor, type Outcome } from "../../domain/index.js";
import type { ProposalUseCases, ProposalView } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { topUnit } from "../registry/unit-tree.js";
import { standing } from "../standing.js";
import { newCodes, SEALED_POWERS, type SealedCode } from "./halves.js";
import type { ProposalActs } from "./kind.js";
import { proposeAndView } from "./propose-and-view.js";
import type { Proposed } from "./propose.js";

const WORDS = {
  "zh-CN": {
    title: "应急授权密封码",
    lines: [
      "仅当某一类管理员全部无法履职时使用。需两人各持一半，同时在场拆封。",
      "打开上面的地址，进入“应急授权”，或运行 gatehouse break-glass，依次输入两个半码与新管理员的登录名。",
      "该类管理员中仍有人能登录时，须等待 24 小时，其间任何一人都可以拒绝。",
      "安全管理员有两个密封码：全部无法履职时两个都要开启，因为单独一名安全管理员无法确认任何事项。",
      "每个密封码只能使用一次；使用后请立即重新密封。本页请装入信封密封，与另一半分开保管。",
    ],
  },
  en: {
    title: "Break-glass code, sealed",
    lines: [
      "For the one case that nobody of a power can act any more. Two persons hold one half each and open them together.",
      "Open the address above, choose break-glass, or run gatehouse break-glass; enter both halves and the new administrator's login.",
      "While anyone of that power can still sign in, it opens only after 24 hours, and each of them may refuse it until then.",
      "There are two codes for security: with nobody left open both, since one security administrator alone can confirm nothing.",
      "A code opens once; seal new ones right after. Keep this page in a sealed envelope, apart from the other half.",
    ],
  },
} as const;

/** By a security administrator of the top unit. */
export function proposeSeal(
  deps: BrokerDeps,
  actor: Actor,
  input: { readonly reason: string },
): Promise<Outcome<ProposalView>> {
  return proposeAndView(deps, actor, async (tx): Promise<Outcome<Proposed>> => {
    const now = await standing(tx, actor);
    const top = await topUnit(tx);
    if (now?.power !== "security" || top === undefined) return refused("forbidden");
    const subject = "break-glass:envelopes";
    const content = { powers: SEALED_POWERS };
    return done({ kind: "break-glass.seal", subject, unitId: top.id, content, reason: input.reason });
  });
}

export const breakGlassSeal: ProposalActs = {
  lines: () => Promise.resolve([{ label: "powers", before: null, after: SEALED_POWERS.join(" ") }]),

  async execute(deps, tx, _proposal, { proposer, confirmer, sourceAddress }) {
    const at = deps.clock.now();
    const codes = newCodes();
    for (const old of await tx.breakGlassSeals.find({ usedAt: null, voidAt: null }, { limit: 1000 }))
      await tx.breakGlassSeals.update(old.id, { voidAt: at }, { usedAt: null, voidAt: null });
    for (const { power, hash } of codes) {
      const id = deps.ids.next();
      const who = { sealedBy: proposer.id, confirmedBy: confirmer.id };
      await tx.breakGlassSeals.insert({
        id,
        power,
        hash,
        sealedAt: at,
        ...who,
        shownAt: null,
        usedAt: null,
        voidAt: null,
      });
      await tx.audit.append({
        verb: "break-glass.sealed",
        actorId: proposer.id,
        object: { kind: "seal", id },
        sourceAddress,
        unitId: null,
        detail: { power, proposedBy: proposer.id, confirmedBy: confirmer.id },
      });
    }
    const url = `${deps.config.publicUrl}/break-glass`;
    const sheet = (half: 1 | 2): string => sheetText({ half, sealedAt: at, url, codes });
    return done({ toProposer: sheet(1), toConfirmer: sheet(2) });
  },
};

/** A page to print, as JSON text (the API's `breakGlassSheet`). */
function sheetText(input: {
  readonly half: 1 | 2;
  readonly sealedAt: number;
  readonly url: string;
  readonly codes: readonly SealedCode[];
}): string {
  const { half, sealedAt, url } = input;
  const codes = input.codes.map(({ power, halves }) => ({ power, code: halves[half - 1] ?? "" }));
  return canonicalText({ kind: "break-glass", half, sealedAt, url, codes, words: WORDS });
}

/** Which powers have an envelope that opens; for security and audit. */
export async function listSeals(
  deps: Pick<BrokerDeps, "database">,
  actor: Actor,
): ReturnType<ProposalUseCases["seals"]> {
  const { read } = deps.database;
  const now = await standing(read, actor);
  if (now?.power !== "security" && now?.power !== "audit") return refused("forbidden");
  const seals = await read.breakGlassSeals.find({ usedAt: null, voidAt: null });
  return done(
    SEALED_POWERS.map((power) => {
      const its = seals.filter((one) => one.power === power);
      const shown = its.find((one) => one.shownAt !== null);
      return { power, sealedAt: its[0]?.sealedAt ?? null, shownAt: shown?.shownAt ?? null };
    }),
  );
}
