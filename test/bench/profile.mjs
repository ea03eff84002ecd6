/** Preloaded into a gateway by `--profile`: its main thread's CPU profile is written at its end, for any viewer of `.cpuprofile` files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import process from "node:process";
import { isMainThread } from "node:worker_threads";

const folder = process.env.GATEHOUSE_BENCH_PROFILE;
// The gateway refuses settings that it does not know.
delete process.env.GATEHOUSE_BENCH_PROFILE;

if (isMainThread && folder !== undefined) {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.start");
  process.once("exit", () => {
    session.post("Profiler.stop", (_error, { profile }) => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${folder}/${process.pid}.cpuprofile`, JSON.stringify(profile));
    });
  });
}
