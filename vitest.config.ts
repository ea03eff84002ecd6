import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Vitest leaves one core free, which on two cores is half of them. */
const maxWorkers = Math.max(2, availableParallelism() - 1);

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["gateway/**/*.test.ts", "recordings/**/*.test.ts", "policies/**/*.test.ts", "web/**/*.test.ts"],
          testTimeout: 20_000,
          maxWorkers,
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
          maxWorkers,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
