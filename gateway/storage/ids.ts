/** The `Ids` port: UUIDv7 (RFC 9562 §5.7) from the system's random numbers, rising within this process. */
import { v7 } from "uuid";
import type { Ids } from "../domain/index.js";

export function createIds(): Ids {
  return { next: () => v7() };
}
