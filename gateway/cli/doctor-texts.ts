/** What `gatehouse doctor` says, in the language of the terminal. Pure. What a check is called stays one word for programs. */
import { isChinese } from "./login-texts.js";

const en = {
  configuration: (data: string, url: string) => `data in ${data}, page at ${url}`,
  node: (version: string) => version,
  nodeOld: (version: string) => `${version} (past its end of life; a newer one is better)`,
  native: () => "the compiled part is present",
  later: () => "not there yet; the first start makes it",
  keyLater: (path: string) => `${path} is not there yet; the first start makes it`,
  keyOpen: (path: string, mode: string) => `${path} has mode ${mode}; others must not read it: chmod 600 ${path}`,
  key: (path: string) => `${path} opens this installation's keys; keep a copy apart from the data and its backups`,
  zone: (zone: string, now: string) => `${zone}, where it is ${now}`,
  zoneGuessed: (zone: string, now: string) =>
    `${zone} (this machine's), where it is ${now}; contracts' last days end by it: set GATEHOUSE_TIME_ZONE where it is another`,
  plain: () => "none: the page is plain, on loopback alone",
  atProxy: () => "the proxy's, in front",
  certificate: (path: string, host: string, day: string) => `${path}, for ${host} until ${day}`,
  certificateOver: (path: string, day: string) => `${path} is valid until ${day}: have it renewed, then start again`,
  certificateEarly: (path: string, day: string) => `${path} is valid from ${day} on: look at the machine's clock`,
  certificateOther: (path: string, host: string) =>
    `${path} does not name ${host}, the host of GATEHOUSE_PUBLIC_URL: no browser will take it`,
  policy: (path: string, digest: string) => `${path}, digest ${digest}`,
  database: (url: string) => url,
  databaseEmpty: (url: string) => `${url}, empty; the first start makes its tables`,
  databaseOlder: (url: string) =>
    `${url}, of an older version; the next start brings it up to date, and there is no way back: back it up before`,
  recordings: (url: string, free: string) => `${url}, ${free} GiB free`,
  recordingsShut: (url: string) => `${url} cannot be written`,
  recordingsFull: (url: string) => `${url} has less than the reserve free: no session will open`,
  serves: () => "a gateway serves here and is ready",
  notReady: (status: string) => `/readyz answers ${status}`,
  notHere: () => "not running here",
  noGuacd: () => "not reachable; needed for desktops only",
  guacdSilent: () => "something listens there and says nothing: restart guacd, or correct GATEHOUSE_GUACD",
  guacdOther: () => "what listens there is not guacd: correct GATEHOUSE_GUACD",
  pins: () => "pins certificates",
  pinsNot: () => "cannot pin certificates: desktops must be marked as not checked",
  guacdApart: (version: string, pins: string, at: string) =>
    `guacd ${version}, ${pins}; it asks nobody who he is: keep ${at} on a network of its own with the gate`,
  guacdOpen: (version: string, at: string) =>
    `guacd ${version} answers on ${at} too, and asks nobody who he is: start it with -b 127.0.0.1`,
  guacdHere: (version: string, pins: string) =>
    `guacd ${version} on loopback, ${pins}; every user of this machine can reach it`,
  noDrive: () => "GATEHOUSE_DRIVE is not set: no files pass to or from desktops",
  driveNone: (path: string) => `${path} is no folder: make it, for guacd and the gate alone`,
  driveOpen: (path: string) => `others can reach ${path}: chmod o-rwx ${path}`,
  driveOther: (path: string) => `${path} belongs to another user: run guacd and the gate as one, who owns it`,
  driveShared: (path: string, data: string) => `${path}; it fills the disk of ${data}: better a file system of its own`,
  drive: (path: string) => path,
  noDirectory: () => "none is set up",
  oidcStands: (issuer: string) =>
    `${issuer} answers and names itself so; the client's secret shows at the first sign-in`,
  oidcAway: (issuer: string) => `${issuer} does not answer: nobody can sign in by it`,
  oidcOther: (issuer: string) =>
    `${issuer} calls itself otherwise: set GATEHOUSE_OIDC_ISSUER to the very name it gives`,
  oidcOdd: (issuer: string) => `${issuer} answers, but not as an OpenID provider: correct GATEHOUSE_OIDC_ISSUER`,
  oidcTls: (issuer: string) =>
    `${issuer}: its certificate does not hold; have one of its name made, or name its authority in NODE_EXTRA_CA_CERTS`,
  ldapStands: (url: string) => `${url} lets the reader in, and its base is there`,
  ldapAway: (url: string) => `${url} does not answer: nobody can sign in by it`,
  ldapTls: (url: string) => `${url}: its certificate does not hold; see GATEHOUSE_LDAP_CA_FILE`,
  ldapPassword: (url: string) =>
    `${url} refuses the reader: correct GATEHOUSE_LDAP_BIND_DN or the password in its file`,
  ldapBase: (url: string) => `${url} does not know the base: correct GATEHOUSE_LDAP_BASE_DN`,
  tooEarly: () => "to be sealed once there are two security administrators",
  sealed: (day: string) => `sealed on ${day}, for each power`,
  neverSealed: () =>
    "no envelope was ever sealed: should all of one power be gone, nothing opens it again; seal them on the page",
  missing: (powers: string) => `not every one opens for ${powers}: used or void; seal new ones on the page`,
} as const;

export type DoctorTexts = { readonly [Key in keyof typeof en]: (...given: Parameters<(typeof en)[Key]>) => string };

const zh: DoctorTexts = {
  configuration: (data, url) => `数据在 ${data}，页面地址 ${url}`,
  node: (version) => version,
  nodeOld: (version) => `${version}（已停止维护，建议换用更新的版本）`,
  native: () => "编译部件齐备",
  later: () => "尚不存在，首次启动时建立",
  keyLater: (path) => `${path} 尚不存在，首次启动时生成`,
  keyOpen: (path, mode) => `${path} 的权限为 ${mode}，他人不得读取：chmod 600 ${path}`,
  key: (path) => `${path} 能打开本系统的各密钥；请另存一份，与数据及其备份分开`,
  zone: (zone, now) => `${zone}，当前 ${now}`,
  zoneGuessed: (zone, now) =>
    `${zone}（本机时区），当前 ${now}；合同的结束日按此计算，如不相符请设置 GATEHOUSE_TIME_ZONE`,
  plain: () => "无：页面仅在本机回环地址以明文提供",
  atProxy: () => "由前置代理提供",
  certificate: (path, host, day) => `${path}，用于 ${host}，有效至 ${day}`,
  certificateOver: (path, day) => `${path} 有效至 ${day}：请更新证书后重新启动`,
  certificateEarly: (path, day) => `${path} 自 ${day} 起才有效：请检查本机时钟`,
  certificateOther: (path, host) => `${path} 不含 GATEHOUSE_PUBLIC_URL 的主机名 ${host}：浏览器不会接受`,
  policy: (path, digest) => `${path}，摘要 ${digest}`,
  database: (url) => url,
  databaseEmpty: (url) => `${url}，空库，首次启动时建表`,
  databaseOlder: (url) => `${url}，由较旧版本建立；下次启动将升级且不能退回，请先备份`,
  recordings: (url, free) => `${url}，剩余 ${free} GiB`,
  recordingsShut: (url) => `${url} 不可写`,
  recordingsFull: (url) => `${url} 剩余空间低于预留值：不会再打开会话`,
  serves: () => "网关正在运行，可以服务",
  notReady: (status) => `/readyz 返回 ${status}`,
  notHere: () => "未在本机运行",
  noGuacd: () => "无法连接；仅远程桌面需要",
  guacdSilent: () => "该地址有程序监听但无响应：请重启 guacd，或更正 GATEHOUSE_GUACD",
  guacdOther: () => "该地址监听的不是 guacd：请更正 GATEHOUSE_GUACD",
  pins: () => "可固定证书",
  pinsNot: () => "不能固定证书：桌面须标为不核验",
  guacdApart: (version, pins, at) => `guacd ${version}，${pins}；它不做任何认证：请让 ${at} 处于与网关独享的网络`,
  guacdOpen: (version, at) => `guacd ${version} 在 ${at} 上也可连接，且不做任何认证：请以 -b 127.0.0.1 启动`,
  guacdHere: (version, pins) => `guacd ${version} 监听回环地址，${pins}；本机所有用户都能连接它`,
  noDrive: () => "未设置 GATEHOUSE_DRIVE：桌面不传文件",
  driveNone: (path) => `${path} 不是文件夹：请建立，仅供 guacd 与网关使用`,
  driveOpen: (path) => `他人可以进入 ${path}：chmod o-rwx ${path}`,
  driveOther: (path) => `${path} 属于另一用户：请让 guacd 与网关以其属主身份运行`,
  driveShared: (path, data) => `${path}；它与 ${data} 共用磁盘，建议独占一个文件系统`,
  drive: (path) => path,
  noDirectory: () => "未配置",
  oidcStands: (issuer) => `${issuer} 有响应且名称相符；客户端密钥在首次登录时才会验证`,
  oidcAway: (issuer) => `${issuer} 无响应：无法经其登录`,
  oidcOther: (issuer) => `${issuer} 自称的名称不同：请将 GATEHOUSE_OIDC_ISSUER 设为其给出的名称`,
  oidcOdd: (issuer) => `${issuer} 有响应，但不是 OpenID 服务：请更正 GATEHOUSE_OIDC_ISSUER`,
  oidcTls: (issuer) => `${issuer} 的证书未通过校验：请换用与其名称相符的证书，或在 NODE_EXTRA_CA_CERTS 中指定签发机构`,
  ldapStands: (url) => `${url} 接受读取账号，基准 DN 存在`,
  ldapAway: (url) => `${url} 无响应：无法经其登录`,
  ldapTls: (url) => `${url} 的证书未通过校验，请检查 GATEHOUSE_LDAP_CA_FILE`,
  ldapPassword: (url) => `${url} 拒绝读取账号：请更正 GATEHOUSE_LDAP_BIND_DN 或其文件中的口令`,
  ldapBase: (url) => `${url} 中没有该基准 DN：请更正 GATEHOUSE_LDAP_BASE_DN`,
  tooEarly: () => "有两名安全管理员之后方可封存",
  sealed: (day) => `已于 ${day} 封存，三权齐备`,
  neverSealed: () => "从未封存应急信封：若某一权的人员全部无法履职，将无从恢复；请在页面封存",
  missing: (powers) => `${powers} 的应急信封有已用或已作废的；请在页面重新封存`,
};

/** By the words that programs on a terminal go by. */
export function doctorTexts(environment: NodeJS.ProcessEnv): DoctorTexts {
  return isChinese(environment) ? zh : en;
}
