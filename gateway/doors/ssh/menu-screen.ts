/** Shows the menu on a terminal until something is chosen. */
import type { Reachable } from "../../broker/index.js";
import type { Actor } from "../../domain/index.js";
import type { DoorContext } from "./door-deps.js";
import { KeySource } from "./key-source.js";
import { drawMenu, openMenu, stepMenu } from "./menu.js";
import type { OperatorChannel } from "./operator-channel.js";
import { personLine, type Texts } from "./texts.js";

const ENTER_SCREEN = "\x1b[?1049h";
const LEAVE_SCREEN = "\x1b[?1049l";

/** Undefined: the person quit, left, or typed nothing for too long. */
export async function chooseFromMenu(
  context: DoorContext,
  channel: OperatorChannel,
  actor: Actor,
  texts: Texts,
): Promise<Reachable | undefined> {
  const reachable = await context.broker.access.reachable(actor);
  const who = personLine(await context.broker.identity.me(actor));
  let state = openMenu(reachable.filter((item) => item.protocol === "ssh"));
  const keys = new KeySource(channel, context.limits.menuIdleMs);
  const draw = (): Promise<void> =>
    keys.show(drawMenu(state, channel.pty ?? { cols: 80, rows: 24 }, who, texts, context.clock.now()));
  channel.onResize = () => void draw();
  try {
    await keys.show(ENTER_SCREEN);
    for (;;) {
      await draw();
      const key = await keys.next();
      if (key === undefined) return undefined;
      const step = stepMenu(state, key);
      if (step.type === "quit") return undefined;
      if (step.type === "chosen") return step.item;
      state = step.state;
    }
  } finally {
    channel.onResize = undefined;
    await keys.show(LEAVE_SCREEN);
    keys.release();
  }
}
