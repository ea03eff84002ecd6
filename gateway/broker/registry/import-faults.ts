/** What is wrong with a file, by line and column. So many are told; all are counted. */
import type { ImportFault, ImportFaultCode } from "../broker.js";

const SHOWN = 1_000;
const VALUE_LONGEST = 100;

export class Faults {
  readonly #shown: ImportFault[] = [];
  #inAll = 0;

  get shown(): readonly ImportFault[] {
    return this.#shown;
  }
  get inAll(): number {
    return this.#inAll;
  }

  add(line: number, column: string | null, code: ImportFaultCode, value: string): void {
    this.#inAll += 1;
    if (this.#shown.length < SHOWN) this.#shown.push({ line, column, code, value: shortened(value) });
  }
}

function shortened(value: string): string {
  const characters = [...value];
  return characters.length <= VALUE_LONGEST ? value : `${characters.slice(0, VALUE_LONGEST).join("")}…`;
}
