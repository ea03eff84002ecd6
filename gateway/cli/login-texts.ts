/** What `gatehouse login` and `logout` say, in the language of the terminal. Pure. */
const en = {
  open: (url: string) =>
    `open this link in the browser where you are signed in, on this machine or beside it:\n\n  ${url}\n`,
  number: (number: string, seconds: number) =>
    `enter ${number} there and approve with your passkey (within ${seconds} s)`,
  done: (login: string, until: string) => `${login}: this device opens the gate without a code until ${until}`,
  inFile: (file: string) => `key: ${file}`,
  inAgent: () => "key: in your ssh-agent, which forgets it then",
  noAgent: () => "the ssh-agent did not take the key; the file serves as well",
  lines: () => "ready to use (ACCOUNT and ASSET as you were granted):",
  ended: () => "signed out; the key opens nothing any more",
  goneAlready: () => "the gateway had ended the key already; it is removed here",
  unanswered: (url: string) => `${url} does not answer; the key is removed here and ends there by itself today`,
  nothing: () => "there is no device key of that gateway here",
} as const;

export type LoginTexts = { readonly [Key in keyof typeof en]: (...given: Parameters<(typeof en)[Key]>) => string };

const zh: LoginTexts = {
  open: (url) => `请在已登录的浏览器中打开：\n\n  ${url}\n`,
  number: (number, seconds) => `在网页输入 ${number}，并用通行密钥批准（${seconds} 秒内）`,
  done: (login, until) => `${login}：本设备在 ${until} 之前登录网关无需验证码`,
  inFile: (file) => `密钥文件：${file}`,
  inAgent: () => "密钥在 ssh-agent 中，到期自动清除",
  noAgent: () => "ssh-agent 未接受密钥；可直接使用密钥文件",
  lines: () => "可直接使用（ACCOUNT、ASSET 换成您获准的账号与资产）：",
  ended: () => "已退出，密钥即刻失效",
  goneAlready: () => "网关此前已使密钥失效；本机密钥已删除",
  unanswered: (url) => `${url} 无响应；本机密钥已删除，网关侧当日自动失效`,
  nothing: () => "本机没有该网关的设备密钥",
};

/** By the words that programs on a terminal go by. */
export function loginTexts(environment: NodeJS.ProcessEnv): LoginTexts {
  return isChinese(environment) ? zh : en;
}

export function isChinese(environment: NodeJS.ProcessEnv): boolean {
  return (environment["LC_ALL"] || environment["LC_MESSAGES"] || environment["LANG"] || "").startsWith("zh");
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
