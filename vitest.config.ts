import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Vitest leaves one core free, which on two cores is half of them. */
const maxWorkers = Math.max(2, availableParallelism() - 1);
/** A second, which is what it is otherwise, a busy machine may take for anything. */
const patience = { poll: { timeout: 10_000 } };

/**
 * Debian's guacd and xrdp hang before a desktop's first picture about once in sixty connections, also with no gate between them. A test
 * that ends by that, and no other, is tried again.
 */
const DESKTOP_HUNG = /the desktop of \S+ did not come up|in vain for the first picture|guacd did not say it in time/;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["gateway/**/*.test.ts", "recordings/**/*.test.ts", "policies/**/*.test.ts", "web/**/*.test.ts"],
          testTimeout: 20_000,
          expect: patience,
          maxWorkers,
          // Some start an sshd of their own.
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "contract",
          include: [
            "test/contract/**/*.test.ts",
            "test/architecture/**/*.test.ts",
            "test/vectors/**/*.test.ts",
            "test/policies/**/*.test.ts",
            "test/fuzz/**/*.test.ts",
          ],
          testTimeout: 60_000,
          expect: patience,
          maxWorkers,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          expect: patience,
          hookTimeout: 240_000,
          fileParallelism: false,
          retry: { count: 2, condition: DESKTOP_HUNG },
        },
      },
    ],
  },
});
