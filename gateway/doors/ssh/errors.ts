/** One plain line for each code and each end, total: a new code does not compile until it has an answer here. */
import { GatehouseError, type EndReason, type ErrorCode, type Locale } from "../../domain/index.js";

type Line = readonly [en: string, zh: string];

const CODES: Record<ErrorCode, Line> = {
  unauthenticated: ["sign in again", "请重新登录"],
  "sign-in-refused": ["sign-in refused", "登录被拒绝"],
  "too-many-tries": ["too many tries; wait a while", "尝试过多，请稍后再试"],
  forbidden: ["no such account or asset for you", "没有可供您使用的该账号或资产"],
  "not-found": ["no such account or asset for you", "没有可供您使用的该账号或资产"],
  "invalid-input": ["that was not understood", "输入有误"],
  conflict: ["something else changed meanwhile; try again", "期间有其他变更，请重试"],
  stale: ["something else changed meanwhile; try again", "期间有其他变更，请重试"],
  "own-request": ["nobody approves his own request", "不能审批自己的申请"],
  "same-vendor": ["nobody approves for his own vendor", "不能审批本供应商的申请"],
  "already-decided": ["already decided", "已有审批结论"],
  "window-too-long": ["that is longer than may be granted", "超过可授权的最长时限"],
  "outside-entitlement": ["no such account or asset for you", "没有可供您使用的该账号或资产"],
  "no-grant": ["no grant now", "目前没有授权"],
  "not-granted": ["your grant does not hold that", "授权不含此操作"],
  "grant-ended": ["the grant has ended", "授权已结束"],
  "grant-suspended": [
    "the grant is suspended: the asset changed and waits for confirmation",
    "授权已暂停：资产变更待确认",
  ],
  "address-refused": ["the target's address is not allowed", "目标地址不被允许"],
  "target-unreachable": ["the target cannot be reached", "无法连接目标"],
  "target-key-changed": [
    "the target shows another host key; an alert stands, nothing was sent",
    "目标主机密钥已变更，已告警，未发送任何数据",
  ],
  "target-key-unknown": ["the target's host key was never confirmed", "目标主机密钥尚未确认"],
  "target-credential-refused": ["the target refused the stored credential", "目标拒绝了保存的凭据"],
  "target-too-old": [
    "the target speaks only old, weak algorithms, which are not let in for it",
    "目标只支持过时的弱算法，该资产未放行",
  ],
  "ticket-refused": ["sign in again", "请重新登录"],
  "desktop-service-unavailable": ["desktops are away; ask the administrator", "远程桌面服务不可用，请联系管理员"],
  "desktop-service-too-old": ["desktops are away; ask the administrator", "远程桌面服务不可用，请联系管理员"],
  "storage-unavailable": ["the gate cannot keep records now; nothing opens", "网关暂时无法留痕，不能打开会话"],
  "recorder-failed": ["recording failed; nothing goes on unrecorded", "录像失败，会话不再继续"],
  "too-many-sessions": ["too many sessions", "会话过多"],
  draining: ["the gate is going down; try again soon", "网关即将停机，请稍后再试"],
  "exclusive-powers": ["not with the power you hold", "与您所持权限互斥"],
  bootstrap: ["the installation is not complete; nothing opens yet", "安装尚未完成，暂不能打开"],
  "needs-second-person": ["this needs a second person", "需要第二人"],
  "enrolment-expired": ["the enrolment has expired", "注册链接已过期"],
  "weak-password": ["the password is too weak", "密码过弱"],
  "name-taken": ["that name is taken", "该名称已存在或极易混淆"],
  "vendor-cycle": ["that would make a circle", "分包关系不能成环"],
  "not-under-contract": [
    "your contract, your sponsor or your company is not active here; ask your sponsor",
    "您的合同、责任人或所属单位已失效，请联系责任人",
  ],
  "outside-contract": ["your contract does not cover that", "合同范围不含此项"],
  "needs-signature": [
    "sign the confidentiality and recording declarations on the page first",
    "请先在网页签署保密承诺与录像告知",
  ],
  "step-up-needed": ["show a second factor again on the page", "请在网页重新验证第二因素"],
  "password-expired": ["your password is too old; change it on the page first", "密码已过期，请先在网页修改"],
  "last-of-power": ["nobody of that power would be left", "该权限将无人持有"],
  "approves-later": ["approvals count only a day after a reset", "重置后满一天方可审批"],
  "vendor-person": ["not for a vendor's person", "供应商人员不能持有此角色"],
  "passkey-refused": ["the passkey was not accepted", "通行密钥未被接受"],
  "terminal-approval-refused": [
    "the approval in the browser was refused, or came too late",
    "浏览器确认被拒绝或已超时",
  ],
  "device-key-refused": [
    "this asset takes no device key: sign in with password or key, and code",
    "该资产不接受设备密钥，请用密码或 SSH 公钥，加动态口令登录",
  ],
  "directory-unavailable": ["the directory does not answer; try again", "目录服务无响应，请稍后再试"],
  "directory-refused": ["sign-in refused", "登录被拒绝"],
  internal: ["something failed inside the gate", "网关内部错误"],
};

const ENDS: Record<EndReason, Line> = {
  left: ["you left", "您已离开"],
  "target-closed": ["the target closed the connection", "目标关闭了连接"],
  "target-unreachable": ["the target cannot be reached", "无法连接目标"],
  expired: ["the grant has expired", "授权到期"],
  revoked: ["the grant was revoked", "授权被撤销"],
  "bond-ended": [
    "the contract, vendor or sponsor behind your grant no longer stands",
    "授权所依据的合同、供应商或责任人已失效",
  ],
  "sign-in-ended": ["the passkey or device key you signed in with has ended", "您登录所用的通行密钥或设备密钥已失效"],
  "device-key-refused": [
    "this asset takes no device key any more: sign in with password or key, and code",
    "该资产不再接受设备密钥，请用密码或 SSH 公钥，加动态口令登录",
  ],
  stopped: ["stopped by a manager", "被管理人员强制断开"],
  idle: ["idle for too long", "空闲超时"],
  "recorder-failed": ["recording failed", "录像失败"],
  quota: ["it recorded more than one session may", "录像超过单个会话限额"],
  "too-old": ["it lasted as long as one may", "达到会话最长时限"],
  "node-drained": ["the gate is going down", "网关停机"],
  "node-lost": ["the gate lost its database", "网关失去数据库"],
};

const column = (locale: Locale): 0 | 1 => (locale === "zh-CN" ? 1 : 0);

/** What an error that ended something is told as: its own code, or that something failed inside. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof GatehouseError ? error.code : "internal";
}

export function codeText(locale: Locale, code: ErrorCode): string {
  return CODES[code][column(locale)];
}

export function endText(locale: Locale, because: EndReason): string {
  return ENDS[because][column(locale)];
}
