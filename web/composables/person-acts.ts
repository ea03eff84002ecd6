/** What a security administrator may do about a person beside changing what is written of him. */
export type PersonAct = "access" | "reset" | "signOut" | "disable" | "enable" | "leave";
