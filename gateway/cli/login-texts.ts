/** What `gatehouse login` and `logout` say, in the language of the terminal. Pure. */
const en = {
  open: (url: string) =>
    `open this link in the browser where you are signed in, on this machine or beside it:\n\n  ${url}\n`,
  number: (number: string, seconds: number) =>
    `enter ${number} there and approve with your passkey (within ${seconds} s)`,
  done: (login: string, until: string) =>
    `${login}: this device opens the gate without password or code until ${until}`,
  inFile: (file: string) => `key: ${file}`,
  inAgent: () => "key: in your ssh-agent, which forgets it then",
  noAgent: () => "the ssh-agent did not take the key; the file serves as well",
  lines: () => "ready to use (ACCOUNT and ASSET as you were granted):",
  ended: () => "signed out; the key opens nothing any more",
  goneAlready: () => "the gateway had ended the key already; it is removed here",
  unanswered: (url: string) => `${url} does not answer; the key is removed here and ends there by itself today`,
  nothing: () => "there is no device key of that gateway here",
  away: (message: string, _url: string) => message,
  certificate: (message: string, _url: string, _code: string) => message,
  odd: (url: string) => `${url} answered what is not understood`,
  refused: (title: string, code: string) => `refused: ${title} (${code})`,
  agentNeeded: () => "no ssh-agent runs here; leave --agent out to keep the key in a file",
  agentRefused: () => "the ssh-agent did not take the key",
} as const;

export type LoginTexts = { readonly [Key in keyof typeof en]: (...given: Parameters<(typeof en)[Key]>) => string };

const zh: LoginTexts = {
  open: (url) => `请在已登录的浏览器中打开：\n\n  ${url}\n`,
  number: (number, seconds) => `在网页输入 ${number}，并用通行密钥批准（${seconds} 秒内）`,
  done: (login, until) => `${login}：${until} 之前，本设备登录网关无需密码和动态口令`,
  inFile: (file) => `密钥文件：${file}`,
  inAgent: () => "密钥在 ssh-agent 中，到期自动清除",
  noAgent: () => "ssh-agent 未接受密钥；可直接使用密钥文件",
  lines: () => "可直接使用（ACCOUNT、ASSET 换成您获准的账号与资产）：",
  ended: () => "已退出，密钥即刻失效",
  goneAlready: () => "网关此前已使密钥失效；本机密钥已删除",
  unanswered: (url) => `${url} 无响应；本机密钥已删除，网关侧当日自动失效`,
  nothing: () => "本机没有该网关的设备密钥",
  away: (_message, url) => `${url} 无响应，请检查地址和网络`,
  certificate: (_message, url, code) =>
    `${url} 的证书未通过校验（${code}）；若签发机构为本单位自建，请在 NODE_EXTRA_CA_CERTS 中指定其 PEM 文件`,
  odd: (url) => `${url} 的应答无法识别，请核对地址`,
  refused: (title, code) => `已拒绝：${Object.hasOwn(REFUSED, code) ? REFUSED[code] : title}（${code}）`,
  agentNeeded: () => "没有运行中的 ssh-agent；去掉 --agent 即可把密钥存为文件",
  agentRefused: () => "ssh-agent 未接受密钥",
};

/** What a login is refused for; anything else as the gateway titles it. */
const REFUSED: Readonly<Record<string, string>> = {
  "terminal-approval-refused": "浏览器中已拒绝或超过 90 秒，请重新运行",
  "too-many-tries": "尝试过多，请稍后再试",
  "device-key-refused": "策略不允许设备密钥",
  "invalid-input": "登录名或设备名称不符合要求",
  "storage-unavailable": "系统暂时不可用，请稍后再试",
};

/** By the words that programs on a terminal go by. */
export function loginTexts(environment: NodeJS.ProcessEnv): LoginTexts {
  return isChinese(environment) ? zh : en;
}

export function isChinese(environment: NodeJS.ProcessEnv): boolean {
  return (environment["LC_ALL"] || environment["LC_MESSAGES"] || environment["LANG"] || "").startsWith("zh");
}

/** `2026-11-22 18:00`, in the time of this device. */
export function localMinute(epochMs: number): string {
  const at = new Date(epochMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

export interface Way {
  readonly login: string;
  readonly host: string;
  readonly port: number;
  /** The private key's file, or the public one's when the agent holds the key. */
  readonly keyFile: string;
}

/**
 * Lines to copy: each shows this key alone. Ansible's knows no `ansible_user`: it would look for that user's home on the target. With the name
 * among ssh's options, what Ansible keeps connections by has to name it too (`%C`), or two assets behind one gate share one.
 */
export function readyLines({ login, host, port, keyFile }: Way): readonly string[] {
  const key = `-o IdentitiesOnly=yes -i ${/^[\w./-]+$/.test(keyFile) ? keyFile : `'${keyFile.replaceAll("'", String.raw`'\''`)}'`}`;
  const plain = `${login}+ACCOUNT+ASSET`;
  const at = host.includes(":") ? `[${host}]` : host;
  return [
    `ssh      ssh -p ${port} ${key} ${login}@ACCOUNT@ASSET@${host}`,
    `scp      scp -P ${port} ${key} FILE ${plain}@${at}:`,
    `rsync    rsync -e "ssh -p ${port} ${key}" FILE ${plain}@${at}:`,
    `Ansible  ansible_host=${host} ansible_port=${port} ansible_user= ansible_control_path=%(directory)s/%%C ansible_ssh_common_args="-o User=${plain} ${key}"`,
  ];
}
