/** Reads the lines of a form that name forward targets, one `host:port` each; an IPv6 address stands in brackets. */
export interface ForwardTarget {
  readonly host: string;
  readonly port: number;
}

/** The targets, or undefined when any line is not one. Empty lines do not count. */
export function parseForwardLines(text: string): ForwardTarget[] | undefined {
  const targets: ForwardTarget[] = [];
  for (const line of text.split("\n").map((one) => one.trim())) {
    if (line === "") continue;
    const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/i.exec(line);
    const port = Number(match?.[3]);
    const host = match?.[1] ?? match?.[2];
    if (host === undefined || port < 1 || port > 65_535) return undefined;
    targets.push({ host, port });
  }
  return targets;
}
