/** What the programs are that an exec may name: tables only. Names are base names; versions after them are cut off first. */

const names = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Shells whose `-c` text this gate reads itself. */
export const POSIX_SHELLS = names("sh bash dash ash ksh mksh rbash ksh93 pdksh lksh oksh");
/** Programs that always need `ssh.shell`, by the stable code that says why. */
export const ALWAYS_SHELL: ReadonlyMap<string, string> = new Map(
  [
    ["unreadable", "zsh fish csh tcsh pwsh powershell xonsh nu elvish rc es coproc"],
    [
      "editor",
      `vi vim vim.basic vim.tiny vim.nox view vimdiff rvim rview gvim nvim ex ed red nano rnano pico emacs emacsclient joe jed
      jmacs jpico mcedit micro hx helix kak ne mg zile vipw vigr visudo sudoedit editor sensible-editor select-editor`,
    ],
    [
      "pager",
      "less more most pg man info pinfo lesspipe zless zmore bzless xzless bzmore view-pager pager sensible-pager",
    ],
    ["multiplexer", "tmux screen byobu byobu-tmux byobu-screen zellij dtach abduco dvtm mosh-server ttyd tmate"],
    [
      "nested-login",
      `ssh slogin sftp rlogin rsh su runuser login newgrp sg machinectl pkexec sshpass autossh mosh telnet lxc-attach lxc
      nsenter unshare chroot systemd-run virsh`,
    ],
    ["network-relay", "socat nc ncat netcat nc.openbsd nc.traditional chisel frpc ngrok pwncat"],
    ["builtin", "eval exec source . trap alias enable bind let complete compgen mapfile readarray fc hash"],
    [
      "interactive-program",
      "script expect unbuffer watch mc ranger nnn lf vifm lynx links elinks w3m ftp lftp top htop btop gdb lldb strace ltrace",
    ],
    [
      "interpreter-stdin",
      "at batch parallel rush m4 dc ghci irb pry jshell scala groovysh iex erl sbcl clisp guile racket swipl octave gnuplot",
    ],
  ].flatMap(([why, list]) => [...names(list as string)].map((name) => [name, why as string] as const)),
);

/** Interpreters that run a file, and the options under which they still do no more than that. */
export const INTERPRETERS: ReadonlyMap<string, { readonly benign: RegExp; readonly informs: RegExp }> = new Map([
  ["python", { benign: /^-[BEIOPsSuvqbd]+$/, informs: /^(-V+|--version|-h|--help)$/ }],
  ["pypy", { benign: /^-[BEIOsSuv]+$/, informs: /^(-V|--version|-h|--help)$/ }],
  ["perl", { benign: /^-[wWTtUS]+$/, informs: /^(-v|-V|--version|--help)$/ }],
  ["ruby", { benign: /^-[wW]+$/, informs: /^(-v|--version|-h|--help)$/ }],
  ["node", { benign: /^--(no-warnings|trace-warnings)$/, informs: /^(-v|--version|-h|--help)$/ }],
  ["nodejs", { benign: /^--(no-warnings|trace-warnings)$/, informs: /^(-v|--version|-h|--help)$/ }],
  ["php", { benign: /^-[qn]+$/, informs: /^(-v|--version|-i|-m|-h|--help)$/ }],
  ["lua", { benign: /^-W$/, informs: /^-v$/ }],
  ["luajit", { benign: /^-W$/, informs: /^-v$/ }],
  ["tclsh", { benign: /^$/, informs: /^$/ }],
  ["wish", { benign: /^$/, informs: /^$/ }],
  ["Rscript", { benign: /^--vanilla$/, informs: /^--version$/ }],
  ["julia", { benign: /^$/, informs: /^(-v|--version)$/ }],
  ["deno", { benign: /^$/, informs: /^(-V|--version)$/ }],
  ["bun", { benign: /^$/, informs: /^(-v|--version)$/ }],
]);

/** Runs what follows it. `flags` take nothing, `valued` take a value (attached, after `=`, or the next word). */
export interface Wrapper {
  readonly flags: RegExp;
  readonly valued: RegExp;
  /** Words of its own between its options and the command. */
  readonly operands: number;
  readonly assigns?: boolean;
  /** Options that make it a shell or an editor, by why. */
  readonly shell?: RegExp;
  /** Options with which it runs nothing. */
  readonly informs?: RegExp;
  /** What it does when no command follows. */
  readonly bare: "command" | "shell";
}

const NONE = /^$/;
export const WRAPPERS: ReadonlyMap<string, Wrapper> = new Map<string, Wrapper>([
  [
    "env",
    {
      flags: /^(-i|-|-0|-v|--ignore-environment|--null)$/,
      valued: /^(-u|--unset|-C|--chdir)$/,
      operands: 0,
      assigns: true,
      bare: "command",
    },
  ],
  ["nohup", { flags: NONE, valued: NONE, operands: 0, bare: "command" }],
  ["nice", { flags: /^-\d+$/, valued: /^(-n|--adjustment)$/, operands: 0, bare: "command" }],
  ["ionice", { flags: /^(-t|--ignore)$/, valued: /^(-c|-n|--class|--classdata)$/, operands: 0, bare: "command" }],
  ["chrt", { flags: /^-[bfior]$/, valued: NONE, operands: 1, bare: "command" }],
  ["taskset", { flags: /^(-c|--cpu-list|-a)$/, valued: NONE, operands: 1, bare: "command" }],
  [
    "timeout",
    {
      flags: /^(--preserve-status|--foreground|-v|--verbose)$/,
      valued: /^(-k|-s|--kill-after|--signal)$/,
      operands: 1,
      bare: "command",
    },
  ],
  ["setsid", { flags: /^-[cfw]+$/, valued: NONE, operands: 0, bare: "command" }],
  ["stdbuf", { flags: NONE, valued: /^(-i|-o|-e|--input|--output|--error)$/, operands: 0, bare: "command" }],
  ["time", { flags: /^(-p|-v|--portability|--verbose)$/, valued: /^(-f|--format)$/, operands: 0, bare: "command" }],
  [
    "flock",
    {
      flags: /^(-[nxseu]+|--nonblock|--exclusive|--shared)$/,
      valued: /^(-w|--timeout|-E)$/,
      operands: 1,
      bare: "command",
    },
  ],
  ["command", { flags: /^-p$/, valued: NONE, operands: 0, informs: /^-[vV]$/, bare: "command" }],
  ["builtin", { flags: NONE, valued: NONE, operands: 0, bare: "command" }],
  ["busybox", { flags: NONE, valued: NONE, operands: 0, informs: /^--(list|list-full|help)$/, bare: "command" }],
  ["toybox", { flags: NONE, valued: NONE, operands: 0, informs: /^--help$/, bare: "command" }],
  ["doas", { flags: /^-[nL]$/, valued: /^-u$/, operands: 0, shell: /^-s$/, bare: "shell" }],
  [
    "sudo",
    {
      flags: /^(-[nHEbkSP]+|--non-interactive|--set-home|--preserve-env(=.*)?|--background|--stdin)$/,
      valued: /^(-u|-g|-p|-C|-T|--user|--group|--prompt|--command-timeout)$/,
      operands: 0,
      assigns: true,
      shell: /^(-[a-zA-Z]*[ise][a-zA-Z]*|--login|--shell|--edit)$/,
      informs: /^(-[lvKV]+|--list|--validate|--remove-timestamp|--version)$/,
      bare: "command",
    },
  ],
  [
    "xargs",
    {
      flags: /^(-[0rtx]+|--null|--no-run-if-empty|--verbose|--exit)$/,
      valued:
        /^(-n|-I|-L|-P|-s|-d|-a|-E|--max-args|--replace|--max-lines|--max-procs|--max-chars|--delimiter|--arg-file)$/,
      operands: 0,
      bare: "command",
    },
  ],
]);

/** Options by which a program runs another that the words do not show in its place. */
export const PROGRAM_OPTIONS: ReadonlyMap<string, RegExp> = new Map([
  [
    "tar",
    /^(--checkpoint-action|--to-command|--use-compress-program|--rsh-command|--info-script|--new-volume-script|-[a-zA-Z]*[IF])/,
  ],
  ["bsdtar", /^--use-compress-program/],
  ["zip", /^(-TT|--unzip-command|-T)/],
  [
    "git",
    /^(-c$|--config-env|--exec-path|--upload-pack|--receive-pack|-u$|--exec|-x$|ext::|--extcmd|--open-files-in-pager|-O)/,
  ],
  ["split", /^--filter/],
  ["sort", /^--compress-program/],
  ["rpm", /^(--eval|-E|--pipe|--define|-D|--load)/],
  ["make", /^(--eval|-f-?$|--file=-|--makefile=-|-[a-zA-Z]*f-|SHELL=|MAKEFLAGS=)/],
  ["gmake", /^(--eval|-f-?$|--file=-|-[a-zA-Z]*f-|SHELL=)/],
  ["apt", /(Invoke|Script|Pager)/i],
  ["apt-get", /(Invoke|Script)/i],
  ["dpkg", /^(--(pre|post)-invoke|--admindir|--root|--instdir)/],
  ["rsync", /^(-e|-[a-zA-Z]*e$|--rsh|--rsync-path|--daemon|--server|--config|.*:)/],
  ["ip", /^(netns|vrf|-b|-batch|-force)$/],
  ["openssl", /^(s_client|s_server|-engine|-provider|engine)/],
  ["systemctl", /^edit$/],
  ["crontab", /^(-e|-|[^-].*)$/],
  ["capsh", /./],
  ["setpriv", /./],
  ["start-stop-daemon", /^(-S|--start|-x|--exec|-a|--startas)/],
  ["run-parts", /./],
  ["sqlite3", /^(-cmd|-init|-interactive)|\.(shell|system|load|import)/],
  ["mysql", /^(--pager|--init-command|--tee)|\\!|system /],
  ["psql", /\\/],
  ["wget", /^(--use-askpass|--execute|-e)/],
  ["docker", /^(exec|run|attach|start|compose|build)$/],
  ["podman", /^(exec|run|attach|start|build)$/],
  ["nerdctl", /^(exec|run|attach|start)$/],
  ["kubectl", /^(exec|attach|run|debug|edit|port-forward|proxy)$/],
  ["crictl", /^(exec|attach)$/],
  ["oc", /^(exec|rsh|attach|run|debug|edit)$/],
]);

/** Database clients read statements, and commands, from stdin unless one of these options carries the statement. */
export const STATEMENT_OPTIONS: ReadonlyMap<string, RegExp> = new Map([
  ["mysql", /^(-e|--execute)/],
  ["mariadb", /^(-e|--execute)/],
  ["psql", /^(-c|--command|-l|--list|-V|--version)/],
  ["redis-cli", /^[A-Za-z]+$/],
  ["mongosh", /^--version$/],
  ["mongo", /^--version$/],
  ["sqlplus", /^-[vV]$/],
  ["bconsole", /^-\?$/],
]);

/** Variables that decide which program runs, or what runs beside it. */
export const STEERING_VARIABLE =
  /^(PATH|IFS|ENV|BASH_.*|SHELLOPTS|BASHOPTS|PROMPT_COMMAND|PS[0-4]|LD_.*|DYLD_.*|.*PAGER|.*EDITOR|VISUAL|BROWSER|LESS.*|GIT_.*|PERL.*|PYTHON.*|RUBY.*|NODE_.*|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|GCONV_PATH|SHELL|CDPATH|TAR_OPTIONS|RSYNC_.*|SSH_.*|SUDO_.*|MAKEFLAGS|AWKPATH|AWKLIBPATH|MANOPT|HOME|ZDOTDIR|FPATH)$/;
