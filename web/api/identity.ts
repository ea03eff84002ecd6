/** Who is here: installation, sign-in, enrolment, one's own account. */
import { get, post, put, remove } from "./http.js";
import type {
  AddKeyBody,
  BootstrapBody,
  EnrolmentBody,
  EnrolmentCompletion,
  EnrolmentCompletionBody,
  EnrolmentOffer,
  EnrolmentTokenAnswer,
  Installation,
  Locale,
  Me,
  PasswordBody,
  PersonKeyView,
  SignInAnswer,
  SignInBody,
} from "./types.js";

export const installation = (): Promise<Installation> => get("/auth/installation");
export const bootstrap = (input: BootstrapBody): Promise<EnrolmentTokenAnswer> => post("/auth/bootstrap", input);
export const signIn = (input: SignInBody): Promise<SignInAnswer> => post("/auth/session", input);
export const signOut = (): Promise<void> => remove("/auth/session");
export const beginEnrolment = (input: EnrolmentBody): Promise<EnrolmentOffer> => post("/auth/enrolment", input);
export const completeEnrolment = (input: EnrolmentCompletionBody): Promise<EnrolmentCompletion> =>
  post("/auth/enrolment/completion", input);

export const me = (): Promise<Me> => get("/me");
export const setLocale = (locale: Locale): Promise<void> => put("/me/locale", { locale });
export const changePassword = (input: PasswordBody): Promise<void> => post("/me/password", input);
export const addKey = (input: AddKeyBody): Promise<PersonKeyView> => post("/me/keys", input);
export const retireKey = (id: string): Promise<void> => remove(`/me/keys/${id}`);
