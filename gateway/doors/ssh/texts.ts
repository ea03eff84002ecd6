/** Everything the door says to people, in both languages. Each line is shown after `gatehouse: `. Pure. */
import type { Locale } from "../../domain/index.js";

const en = {
  banner: (who: string, what: string, until: string, reason: string) =>
    `this session is recorded: ${who} at ${what} until ${until}${reason === "" ? "" : ` (${reason})`}`,
  ended: (because: string) => `session ended: ${because}`,
  endsIn: (minutes: number) => `this session ends in ${minutes} ${minutes === 1 ? "minute" : "minutes"}`,
  draining: (at: string) => `the gate is going down; this session ends at ${at}`,
  frozen: () => "session frozen for a moment; nothing passes until the gate can keep records again",
  thawed: () => "session goes on",
  needsAction: (action: string) => `refused: your grant does not hold ${action}`,
  noGrant: (what: string, url: string) => `no grant for ${what} now; ask for one at ${url} or by ssh with a terminal`,
  nameAsset: (login: string) => `name what to open: ssh ${login}@ACCOUNT@ASSET@GATE`,
  menuOneShell: () => "refused: the menu gives one terminal; connect as LOGIN@ACCOUNT@ASSET for more channels",
  waiting: () => "refused: this connection still waits for an approval",
  agent: () => "agent forwarding is refused",
  x11: () => "X11 forwarding is refused",
  remoteForward: () => "remote forwarding (-R) is refused",
  streamlocal: () => "forwarding of sockets is refused",
  tunnel: () => "tunnels are refused",
  unknownChannel: () => "this kind of channel is refused",
  forwardElsewhere: (where: string) => `forward to ${where} is refused: your grant does not name it`,
  forwardNoSession: () => "forward refused: no session is open",
  forwardSsh: () => "SSH inside a forward is refused",
  tooManyChannels: () => "too many channels on one connection",
  subsystem: () => "only the sftp subsystem is known here",
  targetRefusedChannel: () => "the target refused this channel",
  vetoed: (what: string) => `refused: ${what}`,
  keepsNoMore: () => "this channel passed the bound of what may be recorded; it ends",
  menuTitle: (who: string) => `what you may open or ask for · ${who}`,
  menuHelp: () => "type to filter, arrows or number to choose, Enter opens, Esc clears, q quits",
  menuEmpty: () => "nothing that you may open or ask for",
  menuNoMatch: () => "nothing matches",
  stateOpen: (until: string) => `open until ${until}`,
  stateLater: (from: string) => `from ${from}`,
  statePending: () => "asked, not decided",
  stateAsk: () => "ask",
  askTitle: (what: string) => `you have no grant for ${what} now`,
  askActions: (actions: string) => `this asks for: ${actions}`,
  askFiles: () => "Copy files too (sftp, scp)? [y/N] ",
  askReason: () => "Reason, 3 characters or more (empty gives up): ",
  askWorkOrder: () => "Work order (may be empty): ",
  askDuration: () => "How long, e.g. 90m or 2h [60m]: ",
  badDuration: () => "that is no length of time",
  filed: (groups: string) => `request filed; who can approve: ${groups}`,
  alreadyFiled: (groups: string) => `your request waits; who can approve: ${groups}`,
  waitingFor: (elapsed: string) => `waiting ${elapsed} (Ctrl-C withdraws; hang up to leave it waiting)`,
  approved: () => "approved",
  denied: (reason: string) => (reason === "" ? "denied" : `denied: ${reason}`),
  lapsed: () => "the request lapsed undecided",
  withdrawn: () => "the request was withdrawn",
  gaveUp: () => "nothing was asked",
  opening: (what: string) => `opening ${what}`,
} as const;

export type Texts = { readonly [Key in keyof typeof en]: (...parameters: Parameters<(typeof en)[Key]>) => string };

const zh: Texts = {
  banner: (who, what, until, reason) =>
    `本会话全程录像：${who} 登录 ${what}，至 ${until}${reason === "" ? "" : `（事由：${reason}）`}`,
  ended: (because) => `会话已结束：${because}`,
  endsIn: (minutes) => `本会话将在 ${minutes} 分钟后结束`,
  draining: (at) => `网关即将停机，本会话将于 ${at} 结束`,
  frozen: () => "会话暂时冻结，恢复留痕之前不再收发数据",
  thawed: () => "会话恢复",
  needsAction: (action) => `已拒绝：授权不含 ${action}`,
  noGrant: (what, url) => `${what} 目前没有授权；请在 ${url} 申请，或用带终端的 ssh 登录申请`,
  nameAsset: (login) => `请写明要打开的账号：ssh ${login}@账号@资产@网关`,
  menuOneShell: () => "已拒绝：菜单只提供一个终端；需要更多通道请以 登录名@账号@资产 连接",
  waiting: () => "已拒绝：本连接仍在等待审批",
  agent: () => "不允许代理转发",
  x11: () => "不允许 X11 转发",
  remoteForward: () => "不允许远程转发（-R）",
  streamlocal: () => "不允许套接字转发",
  tunnel: () => "不允许隧道",
  unknownChannel: () => "不允许此类通道",
  forwardElsewhere: (where) => `不允许转发到 ${where}：授权未列明该地址`,
  forwardNoSession: () => "不允许转发：没有打开的会话",
  forwardSsh: () => "转发中不允许再走 SSH",
  tooManyChannels: () => "一个连接上的通道过多",
  subsystem: () => "只支持 sftp 子系统",
  targetRefusedChannel: () => "目标拒绝了此通道",
  vetoed: (what) => `已拒绝：${what}`,
  keepsNoMore: () => "本通道已超出可录制的上限，就此结束",
  menuTitle: (who) => `可打开或可申请的账号 · ${who}`,
  menuHelp: () => "输入筛选，方向键或序号选择，回车打开，Esc 清除，q 退出",
  menuEmpty: () => "没有可打开或可申请的账号",
  menuNoMatch: () => "没有匹配项",
  stateOpen: (until) => `可用至 ${until}`,
  stateLater: (from) => `${from} 起可用`,
  statePending: () => "已申请，待审批",
  stateAsk: () => "可申请",
  askTitle: (what) => `${what} 目前没有授权`,
  askActions: (actions) => `将申请：${actions}`,
  askFiles: () => "同时申请传输文件（sftp、scp）？[y/N] ",
  askReason: () => "事由，至少 3 个字（留空放弃）：",
  askWorkOrder: () => "工单（可留空）：",
  askDuration: () => "时长，例如 90m 或 2h [60m]：",
  badDuration: () => "时长格式不对",
  filed: (groups) => `申请已提交；可审批者：${groups}`,
  alreadyFiled: (groups) => `申请待审批；可审批者：${groups}`,
  waitingFor: (elapsed) => `已等待 ${elapsed}（Ctrl-C 撤回；直接断开则继续等待）`,
  approved: () => "已批准",
  denied: (reason) => (reason === "" ? "未批准" : `未批准：${reason}`),
  lapsed: () => "申请逾期未决",
  withdrawn: () => "申请已撤回",
  gaveUp: () => "没有提交申请",
  opening: (what) => `正在打开 ${what}`,
};

/** The person's language; English for any other. */
export function textsFor(locale: Locale): Texts {
  return locale === "zh-CN" ? zh : en;
}

/** `Name (login, vendor › its principal)`: a person as the door's own lines name him. Foreign text in it is not cleaned yet. */
export function personLine(of: {
  readonly displayName: string;
  readonly login: string;
  readonly vendorChain: readonly string[];
}): string {
  return `${of.displayName} (${[of.login, of.vendorChain.join(" › ")].filter((part) => part !== "").join(", ")})`;
}

/** Local time of the gate with its offset, e.g. `2026-11-22 18:00 +08:00`. */
export function moment(epochMs: number): string {
  const at = new Date(epochMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const offset = -at.getTimezoneOffset();
  const sign = offset < 0 ? "-" : "+";
  const zone = `${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())} ${zone}`;
}
