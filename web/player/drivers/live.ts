/**
 * A live watch: the screens a session has now, then every event after it was recorded. Events of a channel whose screen is
 * not on the page yet wait for it.
 */
import type { ChannelKind, WatchEndedMessage, WatchEvent, WatchStartMessage } from "../../api/types.js";
import type { Screen, ScreenEvent } from "../core/screen.js";

export interface LiveChannel {
  readonly channel: number;
  readonly kind: ChannelKind;
  readonly detail: string;
  readonly pty: boolean;
  readonly open: boolean;
}

interface WatchPort {
  (
    sessionId: string,
    listener: {
      readonly onStart: (start: WatchStartMessage) => void;
      readonly onEvent: (event: WatchEvent) => void;
      readonly onEnded: (because: WatchEndedMessage["because"] | "connection-lost") => void;
      readonly onRefused: (code: string) => void;
    },
  ): () => void;
}

/** What passed beside the picture: a file, or that something was copied or pasted. */
export type PassedEvent = Extract<WatchEvent, { type: "transfer" | "clipboard" }>;

export interface LiveParts {
  readonly sessionId: string;
  readonly watch: WatchPort;
  readonly onChannels: (channels: readonly LiveChannel[]) => void;
  readonly onPassed: (event: PassedEvent) => void;
  readonly onEnded: (because: string) => void;
  readonly onRefused: (code: string) => void;
}

export interface LiveDriver {
  /** Gives a channel its screen; what waited is drawn at once. */
  attach(channel: number, screen: Screen): void;
  stop(): void;
}

type Draw = (screen: Screen) => void;

function screenEvent(event: WatchEvent): ScreenEvent | undefined {
  switch (event.type) {
    case "output":
      return [event.atUs, "o", new Uint8Array(event.bytes)];
    case "resize":
      return [event.atUs, "r", `${String(event.cols)}x${String(event.rows)}`];
    case "gate":
      return [event.atUs, "g", event.text];
    case "graphics":
      return [event.atUs, "d", new Uint8Array(event.bytes)];
    case "pointer":
      return [event.atUs, "p", `${String(event.x)},${String(event.y)},${String(event.mask)}`];
    default:
      return undefined;
  }
}

export function watchLive(parts: LiveParts): LiveDriver {
  const channels = new Map<number, LiveChannel>();
  const screens = new Map<number, Screen>();
  const waiting = new Map<number, Draw[]>();
  const tell = (): void => {
    parts.onChannels([...channels.values()]);
  };

  function put(channel: number, draw: Draw): void {
    const screen = screens.get(channel);
    if (screen !== undefined) draw(screen);
    else waiting.set(channel, [...(waiting.get(channel) ?? []), draw]);
  }

  function begin(start: WatchStartMessage): void {
    channels.clear();
    waiting.clear();
    for (const { channel, kind, detail, pty, cols, rows, screen: state } of start.channels) {
      channels.set(channel, { channel, kind, detail, pty, open: true });
      put(channel, (screen) => {
        screen.reset(cols, rows, state);
      });
    }
    tell();
  }

  function follow(event: WatchEvent): void {
    if (event.type === "channel-opened") {
      const { channel, kind, detail, pty, cols, rows } = event;
      channels.set(channel, { channel, kind, detail, pty, open: true });
      put(channel, (screen) => {
        screen.reset(cols, rows, "");
      });
      tell();
    } else if (event.type === "channel-closed") {
      const known = channels.get(event.channel);
      if (known !== undefined) channels.set(event.channel, { ...known, open: false });
      tell();
    } else if (event.type === "transfer" || event.type === "clipboard") {
      parts.onPassed(event);
    } else {
      const drawn = screenEvent(event);
      if (drawn !== undefined)
        put(event.channel, (screen) => {
          screen.draw([drawn]);
        });
    }
  }

  const stop = parts.watch(parts.sessionId, {
    onStart: begin,
    onEvent: follow,
    onEnded: parts.onEnded,
    onRefused: parts.onRefused,
  });
  return {
    attach: (channel, screen) => {
      screens.set(channel, screen);
      for (const draw of waiting.get(channel) ?? []) draw(screen);
      waiting.delete(channel);
    },
    stop,
  };
}
