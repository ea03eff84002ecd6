/** So that a desktop that hung is one try's matter: what a failed test held of guacd is not there in the next, nor when it is tried again. */
import { afterEach } from "vitest";
import type { TestGuacd } from "./guacd.js";

/** Called beside a file's tests, below its own `afterEach`, which then finds guacd empty. */
export function letGoAfterFailure(guacd: () => Pick<TestGuacd, "release"> | undefined): void {
  afterEach(({ task }) => {
    if (task.result?.state === "fail") guacd()?.release();
  });
}
