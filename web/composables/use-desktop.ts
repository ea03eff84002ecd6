/** What a page shows of one desktop, from asking for it to its end, and what may be done to it meanwhile. */
import { computed, onBeforeUnmount, onMounted, ref, shallowRef, type Ref } from "vue";
import { Problem } from "../api/http.js";
import type { IssuedTicket } from "../api/types.js";
import { choicesOf, OperatedDesktop } from "../desktop/operate.js";
import type { TouchMode } from "../desktop/pointer.js";
import type { Transfer } from "../desktop/transfers.js";
import type { ReturnAnswer, TunnelEnd } from "../desktop/tunnel.js";
import { useDesktopsStore } from "../stores/desktops.js";

/** `asking` a ticket · `connecting` · `waiting` for a picture · `live` · `away`: lost, going back · `ended` · `refused`: no ticket. */
export type DesktopPhase = "asking" | "connecting" | "waiting" | "live" | "away" | "ended" | "refused";

export interface DesktopPlace {
  readonly accountId: string;
  readonly host: Readonly<Ref<HTMLElement | undefined>>;
  readonly field: Readonly<Ref<HTMLTextAreaElement | undefined>>;
  readonly onEscape: () => void;
  /** Text was composed that the desktop may not take as keys. */
  readonly onComposed: () => void;
}
const TRANSFERS_SHOWN = 50;
/** The gate closes a desktop within two seconds; one that hangs is not waited for without end. */
const CLOSING_MOST_MS = 8_000;
const CLOSING_LOOK_MS = 250;

export function useDesktop(place: DesktopPlace) {
  const desktops = useDesktopsStore();
  const phase = ref<DesktopPhase>("asking");
  const issued = shallowRef<Omit<IssuedTicket, "ticket">>();
  const problem = shallowRef<Problem>();
  const end = shallowRef<TunnelEnd>();
  const latencyMs = ref<number>();
  const unstable = ref(false);
  const awayUntil = ref(0);
  const copied = ref<{ readonly text: string; readonly kept: boolean }>();
  const tooLong = ref(false);
  const transfers = shallowRef<readonly Transfer[]>([]);
  const touchMode = ref<TouchMode>("direct");
  const live = computed(() => ["connecting", "waiting", "live", "away"].includes(phase.value));
  const may = (action: IssuedTicket["actions"][number]): boolean => issued.value?.actions.includes(action) === true;
  let desktop: OperatedDesktop | undefined;
  let gone = false;
  /** The session that was left last, until it is known to be over. */
  let left: string | undefined;
  let current: string | undefined;

  const choices = (): ReturnType<typeof choicesOf> => choicesOf(place.host.value ?? document.body, desktops.layout);

  async function askReturn(sessionId: string): Promise<ReturnAnswer> {
    try {
      return { ticket: (await desktops.comeBack(sessionId, choices())).ticket };
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      if (cause.status === 0 || cause.status === 429 || cause.status >= 500) return "later";
      return { refused: cause.code === "not-found" ? await endOf(sessionId) : cause.code };
    }
  }
  /** Why a session is over: the gate's own reason where it can be had. */
  async function endOf(sessionId: string): Promise<string> {
    try {
      return (await desktops.endOf(sessionId)) ?? "session-over";
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      return "session-over";
    }
  }
  /** A desktop that was left counts until the gate has closed it; another one asked for meanwhile could be one too many. */
  async function untilOver(sessionId: string): Promise<void> {
    const until = Date.now() + CLOSING_MOST_MS;
    try {
      while (!gone && Date.now() < until && (await desktops.endOf(sessionId)) === undefined)
        await new Promise((next) => setTimeout(next, CLOSING_LOOK_MS));
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      // The next question to the gate brings the same answer, and says it.
    }
  }
  /** A reloaded page goes back to the desktop it had; where that is over, it opens a new one. */
  async function ask(): Promise<IssuedTicket> {
    const held = desktops.heldSession(place.accountId);
    if (held !== undefined) {
      try {
        return await desktops.comeBack(held, choices());
      } catch (cause) {
        if (!(cause instanceof Problem) || cause.code === "unauthenticated" || cause.status === 0) throw cause;
        desktops.holdSession(place.accountId, undefined);
      }
    }
    return desktops.open(place.accountId, choices());
  }

  /** The browser lets a page write its clipboard only while it has the focus, and on secure addresses. */
  async function keepCopied(text: string): Promise<void> {
    copied.value = { text, kept: false };
    try {
      await navigator.clipboard.writeText(text);
      if (copied.value.text === text) copied.value = { text, kept: true };
    } catch {
      // Refused, or no such thing here: the panel offers the text with a button.
    }
  }
  function keepTransfer(transfer: Transfer): void {
    const rest = transfers.value.filter(({ id }) => id !== transfer.id);
    const known = rest.length < transfers.value.length;
    transfers.value = (
      known ? transfers.value.map((one) => (one.id === transfer.id ? transfer : one)) : [transfer, ...rest]
    ).slice(0, TRANSFERS_SHOWN);
  }

  function operate(host: HTMLElement, field: HTMLTextAreaElement, ticket: IssuedTicket): OperatedDesktop {
    return new OperatedDesktop(
      {
        host,
        field,
        actions: ticket.actions,
        touchMode: () => touchMode.value,
        textWay: () => desktops.textWay ?? "keys",
        pasteChord: () => desktops.pasteChord,
        dial: desktops.dial,
        askReturn,
        onEscape: place.onEscape,
        onComposed: place.onComposed,
        onSession: (sessionId) => {
          current = sessionId;
          desktops.holdSession(place.accountId, sessionId);
          phase.value = "waiting";
        },
        onPicture: () => {
          phase.value = "live";
          desktop?.focus();
        },
        onLatency: (ms) => {
          latencyMs.value = ms;
        },
        onUnstable: (value) => {
          unstable.value = value;
        },
        onDrain: (endsAt) => {
          if (issued.value !== undefined)
            issued.value = { ...issued.value, endsAt: Math.min(issued.value.endsAt, endsAt) };
        },
        onAway: (until) => {
          awayUntil.value = until;
          unstable.value = false;
          phase.value = "away";
        },
        onEnd: (how) => {
          desktops.holdSession(place.accountId, undefined);
          desktop = undefined;
          left = current;
          current = undefined;
          end.value = how;
          phase.value = "ended";
        },
        onCopied: (text) => void keepCopied(text),
        onPasted: (sent) => {
          tooLong.value = !sent;
        },
        onTransfer: keepTransfer,
      },
      ticket.ticket,
    );
  }

  /** Opens it, or opens it again after an end. */
  async function begin(): Promise<void> {
    phase.value = "asking";
    problem.value = undefined;
    end.value = undefined;
    latencyMs.value = undefined;
    unstable.value = false;
    try {
      if (left !== undefined) await untilOver(left);
      left = undefined;
      const ticket = await ask();
      const { host, field } = place;
      if (gone || host.value === undefined || field.value === undefined) return;
      const { ticket: _once, ...rest } = ticket;
      issued.value = rest;
      phase.value = "connecting";
      desktop = operate(host.value, field.value, ticket);
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      problem.value = cause;
      phase.value = "refused";
    }
  }
  onMounted(begin);
  onBeforeUnmount(() => {
    gone = true;
    desktop?.leave();
  });

  return {
    phase,
    issued,
    problem,
    end,
    latencyMs,
    unstable,
    awayUntil,
    copied,
    tooLong,
    transfers,
    touchMode,
    live,
    may,
    begin,
    leave: () => desktop?.leave(),
    focus: () => desktop?.focus(),
    chord: (keysyms: readonly number[]) => desktop?.chord(keysyms),
    paste: (text: string) => desktop?.paste(text) ?? false,
    upload: (files: Iterable<File>) => desktop?.upload(files),
  };
}
