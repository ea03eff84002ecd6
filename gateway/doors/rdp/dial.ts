/**
 * From an admitted session to a desktop's first picture. The password crosses to guacd inside the broker's lending and is kept
 * nowhere; the lending lasts until the picture stands, so that the broker writes down why it did not.
 */
import type { DialPlan, LiveSession } from "../../broker/index.js";
import { GatehouseError, type DesktopChoices } from "../../domain/index.js";
import type { DoorContext } from "./door-deps.js";
import { Drive } from "./drive.js";
import { codeOf, wordOfCode, type LastWord } from "./errors.js";
import type { Rights } from "./guac/rights.js";
import { GuacdLink, linkFailure } from "./guacd-link.js";
import type { Outward } from "./outward.js";
import type { DesktopProtocol } from "./protocols/index.js";

export interface DialAsk {
  readonly live: LiveSession;
  readonly choices: DesktopChoices;
  readonly protocol: DesktopProtocol;
  readonly rights: Rights;
  readonly outward: Outward;
  readonly onDrive: (drive: Drive) => void;
  /** `giveUp`: ends the dial before its picture, whatever it waits for. */
  readonly onLink: (link: GuacdLink, giveUp: (word: LastWord) => void) => void;
  readonly onReady: (names: readonly string[]) => void;
  readonly onDrain: () => void;
  /** The target shows another certificate than the pinned one. */
  readonly onCertificateChanged: (shown: string) => Promise<void>;
  /** After the first picture: the link is gone. */
  readonly onClosed: (word: LastWord) => void;
}

/** Undefined when the desktop stands; otherwise what its operator is told. Rejects on bugs alone. */
export async function dialDesktop(context: DoorContext, ask: DialAsk): Promise<LastWord | undefined> {
  let told: LastWord | undefined;
  const outcome = await context.broker.sessions.dial(ask.live.admission, async (plan) => {
    told = await reach(context, ask, plan);
    // Thrown, so that the broker logs which of them it was.
    if (told !== undefined) throw linkFailure(told);
  });
  if (outcome.ok) return undefined;
  return told !== undefined && linkFailure(told).code === outcome.code ? told : wordOfCode(outcome.code);
}

async function reach(context: DoorContext, ask: DialAsk, plan: DialPlan): Promise<LastWord | undefined> {
  const drive = await makeDrive(context, ask);
  const prepared = ask.protocol.parameters({
    plan,
    choices: ask.choices,
    rights: ask.rights,
    drivePath: drive?.guacdPath ?? null,
  });
  if (!prepared.ok) throw new GatehouseError(prepared.code, "the desktop cannot be opened with what is stored");
  if (ask.live.ended) throw new GatehouseError("grant-ended", "the session ended while it was opened");
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let standing = false;
    const settle = (word: LastWord | undefined): void => {
      clearTimeout(timer);
      if (word === undefined) standing = true;
      else link.leave();
      resolve(word);
    };
    const late = (): void => settle(wordOfCode("target-unreachable"));
    const { acceptsMissing } = plan.desktop ?? { acceptsMissing: false };
    const { guacdName } = ask.protocol;
    const link = new GuacdLink(
      context,
      {
        guacdName,
        choices: ask.choices,
        arguments: prepared,
        acceptsMissing,
        certificateFault: () => certificateFault(context, ask, plan),
      },
      {
        onReady: (names) => {
          timer = setTimeout(late, context.limits.pictureMs);
          ask.onReady(names);
        },
        onInstructions: (instructions) => ask.outward.take(instructions),
        onDrain: ask.onDrain,
        onClosed: (word) => (standing ? ask.onClosed(word) : settle(word)),
      },
    );
    ask.onLink(link, settle);
    void ask.outward.firstPicture.then(() => settle(undefined));
  });
}

/** What is wrong with the certificate that the target shows at this moment; whoever could not show one may be anyone. Never rejects. */
async function certificateFault(context: DoorContext, ask: DialAsk, plan: DialPlan): Promise<LastWord | undefined> {
  try {
    const shown = await context.probe.scanCertificate({ address: plan.address, port: plan.port });
    if (shown === plan.hostKey) return undefined;
    await ask.onCertificateChanged(shown);
    return wordOfCode("target-key-changed");
  } catch (error) {
    context.log("warn", "the certificate of a desktop could not be compared", { error: String(error) });
    return wordOfCode(codeOf(error));
  }
}

async function makeDrive(context: DoorContext, ask: DialAsk): Promise<Drive | undefined> {
  if (context.drive === null || !(ask.rights.upload || ask.rights.download)) return undefined;
  try {
    const drive = await Drive.make(context.drive, ask.live.id);
    ask.onDrive(drive);
    return drive;
  } catch (error) {
    context.log("error", "a drive could not be made", { session: ask.live.id, error: String(error) });
    throw new GatehouseError(codeOf(error), "the drive could not be made", error);
  }
}
