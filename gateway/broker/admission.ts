/**
 * The proof that a dial needs (promise 1). It is a class with a private field, so no object literal can stand in for it,
 * and its maker is exported under a name that only `open-session.ts` may import (held by the architecture test).
 */
import type { GrantId, SessionId } from "../domain/index.js";

export class Admission {
  readonly #sealed = true;
  readonly sessionId: SessionId;
  readonly grantId: GrantId;
  private constructor(sessionId: SessionId, grantId: GrantId) {
    this.sessionId = sessionId;
    this.grantId = grantId;
  }
  /** Only `open-session.ts` may call this; the architecture test reads the tree for any other caller. */
  static mint(sessionId: SessionId, grantId: GrantId): Admission {
    return new Admission(sessionId, grantId);
  }
  /** True only for a value this class made. */
  static isGenuine(value: unknown): value is Admission {
    return typeof value === "object" && value !== null && #sealed in value;
  }
}
