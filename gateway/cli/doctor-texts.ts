/** What `gatehouse doctor` says of directories and of sealed envelopes, in the language of the terminal. Pure. */
import { isChinese } from "./login-texts.js";

const en = {
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
  sealed: (day: string) => `sealed on ${day}, one for each power`,
  neverSealed: () =>
    "no envelope was ever sealed: should all of one power be gone, nothing opens it again; seal them on the page",
  missing: (powers: string) => `none opens for ${powers}: used or void; seal new ones on the page`,
} as const;

export type DoctorTexts = { readonly [Key in keyof typeof en]: (...given: Parameters<(typeof en)[Key]>) => string };

const zh: DoctorTexts = {
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
  sealed: (day) => `已于 ${day} 封存，三权各一`,
  neverSealed: () => "从未封存应急信封：若某一权的人员全部无法履职，将无从恢复；请在页面封存",
  missing: (powers) => `${powers} 的应急信封已用或已作废；请在页面重新封存`,
};

/** By the words that programs on a terminal go by. */
export function doctorTexts(environment: NodeJS.ProcessEnv): DoctorTexts {
  return isChinese(environment) ? zh : en;
}
