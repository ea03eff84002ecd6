/**
 * Debian 11's guacd 1.3.0 with that release's FreeRDP, unpacked beside Debian 12 and never installed into it: the packages
 * and all they need come through apt from the machine's own mirror, checked by Debian's keyring, and are run by chroot.
 * (With Debian 12's FreeRDP guacd connects and shows nothing.) `node test/desktop-lab/guacd-folder.mjs` makes it by hand.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { chmodSync, chownSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const { folder, uid, packages, suite } = JSON.parse(readFileSync(join(here, "guacd-folder.json"), "utf8"));
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
const unneeded = ["bin", "sbin", "usr/bin", "usr/games", "usr/libexec", "usr/lib/dbus-1.0", "usr/share", "var"];

export const guacdName = `guacd 1.3.0 of Debian ${suite} (unpacked into ${folder})`;

export function guacdIsThere() {
  return existsSync(join(folder, "complete"));
}

function must(command, args) {
  const done = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  if (done.status === 0) return done.stdout;
  const said = (done.stderr || done.error?.message || "").trim().split("\n").slice(-5).join("\n");
  throw new Error(`${command} ${args.slice(-3).join(" ")} failed: ${said}`);
}

/** Where this machine takes Debian from, so that a mirror set up for it is used here too. */
function mirrors() {
  const lines = must("apt-get", ["indextargets", "--format", "$(ORIGIN) $(REPO_URI) $(CODENAME)"]).split("\n");
  const debian = lines.map((line) => line.split(" ")).filter(([origin]) => origin === "Debian");
  const uri = (security) => debian.find(([, , name]) => name.endsWith("-security") === security)?.[1];
  return {
    main: uri(false) ?? "http://deb.debian.org/debian",
    security: uri(true) ?? "http://deb.debian.org/debian-security",
  };
}

/** Downloads the packages and everything they need, as for a machine on which nothing is installed. */
function download(work) {
  for (const name of ["lists/partial", "archives/partial"]) mkdirSync(join(work, name), { recursive: true });
  // apt drops its rights to download; it must reach the folder.
  chmodSync(work, 0o755);
  const { main, security } = mirrors();
  const signed = `[signed-by=${keyring} check-valid-until=no]`;
  const sources = join(work, "sources.list");
  writeFileSync(sources, `deb ${signed} ${main} ${suite} main\ndeb ${signed} ${security} ${suite}-security main\n`);
  writeFileSync(join(work, "status"), "");
  const settings = {
    "Dir::Etc::sourcelist": sources,
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::Etc::preferences": "/dev/null",
    "Dir::Etc::preferencesparts": "/dev/null",
    "Dir::State": work,
    "Dir::State::status": join(work, "status"),
    "Dir::Cache": work,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  must("apt-get", [...options, "-q", "update"]);
  must("apt-get", [...options, "-q", "-y", "--no-install-recommends", "--download-only", "install", ...packages]);
  return readdirSync(join(work, "archives")).filter((name) => name.endsWith(".deb"));
}

/** What guacd needs around it besides the packages' files: a name for its user, a home, a place for drives. */
function furnish(root) {
  for (const name of ["etc", "home/guacd", "tmp", "drives"]) mkdirSync(join(root, name), { recursive: true });
  chownSync(join(root, "home/guacd"), uid, uid);
  chmodSync(join(root, "tmp"), 0o1777);
  writeFileSync(join(root, "etc/passwd"), `guacd:x:${uid}:${uid}::/home/guacd:/bin/false\n`);
  writeFileSync(join(root, "etc/group"), `guacd:x:${uid}:\n`);
  writeFileSync(join(root, "etc/hosts"), "127.0.0.1 localhost\n");
  // The folder's own path leads back to its root, so that a drive's path is the same inside and outside.
  mkdirSync(join(root, dirname(folder)), { recursive: true });
  const up = dirname(folder).split("/").filter(Boolean);
  symlinkSync(up.map(() => "..").join("/"), join(root, folder));
}

/** Makes the folder. Throws with what failed; a half-made one is never taken for a whole one. */
export function installGuacd() {
  const work = mkdtempSync(join(tmpdir(), "gatehouse-guacd-"));
  const fresh = `${folder}.new`;
  try {
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    const files = download(work);
    for (const name of files) must("dpkg-deb", ["--extract", join(work, "archives", name), fresh]);
    for (const name of unneeded) rmSync(join(fresh, name), { recursive: true, force: true });
    furnish(fresh);
    writeFileSync(join(fresh, "complete"), `${files.sort().join("\n")}\n`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!guacdIsThere()) installGuacd();
  console.log(readFileSync(join(folder, "complete"), "utf8").trim());
}
