/** 审计记录的动词，按“名词.动词”排列。 */
export const verbs = {
  installation: {
    bootstrapped: "系统已初始化",
  },
  person: {
    created: "新增人员",
    enrolled: "人员完成注册",
    "signed-in": "登录成功",
    "sign-in-failed": "登录失败",
    "signed-out": "退出登录",
    changed: "人员变更",
    disabled: "人员停用",
    "password-changed": "修改密码",
    "factor-reset": "重置认证因素",
    "key-added": "添加设备密钥",
    "key-retired": "停用设备密钥",
    "recovery-code-used": "使用恢复码",
    throttled: "登录被限速",
  },
  power: {
    granted: "授予权限",
    withdrawn: "收回权限",
  },
  role: {
    granted: "授予角色",
    withdrawn: "收回角色",
  },
  asset: {
    created: "新增资产",
    changed: "资产变更",
    "change-proposed": "提出资产变动",
    "change-confirmed": "确认资产变动",
    "host-key-scanned": "扫描主机密钥",
    "host-key-confirmed": "确认主机密钥",
    retired: "资产停用",
  },
  account: {
    created: "新增资产账号",
    "credential-set": "设置凭据",
    "credential-tested": "测试凭据",
    retired: "停用资产账号",
  },
  entitlement: {
    created: "新增可申请范围",
    ended: "结束可申请范围",
  },
  request: {
    filed: "提交申请",
    approved: "批准申请",
    denied: "拒绝申请",
    withdrawn: "撤回申请",
    lapsed: "申请过期",
  },
  grant: {
    activated: "授权生效",
    created: "临时授权生效",
    expired: "临时授权到期",
    revoked: "撤销临时授权",
    suspended: "暂停临时授权",
  },
  connection: {
    refused: "拒绝连接",
  },
  session: {
    opened: "会话开始",
    refused: "拒绝会话",
    ended: "会话结束",
    stopped: "强制断开会话",
    watched: "开始实时监看",
    unwatched: "结束实时监看",
    detached: "操作人连接中断",
    rejoined: "操作人重新连上",
  },
  ticket: {
    issued: "发放入场票据",
    refused: "拒绝入场票据",
  },
  clipboard: {
    passed: "剪贴板文字通过",
  },
  channel: {
    opened: "通道打开",
    refused: "拒绝通道",
    closed: "通道关闭",
  },
  transfer: {
    logged: "文件传输",
    refused: "拒绝文件传输",
  },
  forward: {
    opened: "打开端口转发",
  },
  recording: {
    completed: "录像完成",
    recovered: "录像恢复",
    viewed: "回放录像",
    exported: "导出录像",
    verified: "校验录像",
    searched: "检索录像",
    heads: "录像链头存证",
    "input-requested": "申请查看输入",
    "input-approved": "同意查看输入",
    "input-read": "查看输入",
  },
  alert: {
    opened: "产生告警",
    acknowledged: "确认告警",
    resolved: "处置告警",
    closed: "告警闭环",
  },
  audit: {
    viewed: "查看审计记录",
    exported: "导出审计记录",
  },
  node: {
    started: "节点启动",
    stopped: "节点停止",
  },
  policy: {
    loaded: "载入策略",
  },
};
