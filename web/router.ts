/** Every page's address. Pages come when they are first opened; who is not signed in is sent to sign in and back again. */
import { createRouter, createWebHistory, type RouteRecordRaw } from "vue-router";
import { homeOf } from "./navigation.js";
import { useIdentityStore } from "./stores/identity.js";

declare module "vue-router" {
  interface RouteMeta {
    /** Key under `nav` of the page's title. */
    readonly title: string;
    /** Shown without anybody signed in. */
    readonly open?: boolean;
    /** Takes the whole window: no navigation, no bar. */
    readonly whole?: boolean;
  }
}

const routes: RouteRecordRaw[] = [
  {
    path: "/sign-in",
    name: "sign-in",
    meta: { title: "signIn", open: true },
    component: () => import("./pages/sign-in-page.vue"),
  },
  {
    path: "/enrol",
    name: "enrol",
    meta: { title: "enrol", open: true },
    component: () => import("./pages/enrol-page.vue"),
  },
  {
    path: "/bootstrap",
    name: "bootstrap",
    meta: { title: "bootstrap", open: true },
    component: () => import("./pages/bootstrap-page.vue"),
  },
  {
    path: "/sign-in/oidc",
    name: "oidc",
    meta: { title: "signIn", open: true },
    component: () => import("./pages/oidc-page.vue"),
  },
  {
    path: "/a/:code",
    name: "terminal",
    meta: { title: "terminal" },
    props: true,
    component: () => import("./pages/terminal-page.vue"),
  },
  { path: "/access", name: "access", meta: { title: "access" }, component: () => import("./pages/access-page.vue") },
  { path: "/access/ask", name: "ask", meta: { title: "ask" }, component: () => import("./pages/ask-page.vue") },
  {
    path: "/access/:accountId/desktop",
    name: "desktop",
    meta: { title: "desktop", whole: true },
    props: true,
    component: () => import("./pages/desktop-page.vue"),
  },
  {
    path: "/decisions",
    name: "decisions",
    meta: { title: "decisions" },
    component: () => import("./pages/decisions-page.vue"),
  },
  { path: "/live", name: "live", meta: { title: "live" }, component: () => import("./pages/live-page.vue") },
  {
    path: "/sessions/:id/watch",
    name: "watch",
    meta: { title: "watch" },
    props: true,
    component: () => import("./pages/watch-page.vue"),
  },
  {
    path: "/sessions",
    name: "sessions",
    meta: { title: "sessions" },
    component: () => import("./pages/sessions-page.vue"),
  },
  {
    path: "/sessions/:id",
    name: "session",
    meta: { title: "session" },
    props: true,
    component: () => import("./pages/session-page.vue"),
  },
  { path: "/search", name: "search", meta: { title: "search" }, component: () => import("./pages/search-page.vue") },
  { path: "/audit", name: "audit", meta: { title: "audit" }, component: () => import("./pages/audit-page.vue") },
  {
    path: "/input-openings",
    name: "openings",
    meta: { title: "openings" },
    component: () => import("./pages/openings-page.vue"),
  },
  { path: "/people", name: "people", meta: { title: "people" }, component: () => import("./pages/people-page.vue") },
  {
    path: "/entitlements",
    name: "entitlements",
    meta: { title: "entitlements" },
    component: () => import("./pages/entitlements-page.vue"),
  },
  { path: "/assets", name: "assets", meta: { title: "assets" }, component: () => import("./pages/assets-page.vue") },
  {
    path: "/assets/:id",
    name: "asset",
    meta: { title: "asset" },
    props: true,
    component: () => import("./pages/asset-page.vue"),
  },
  {
    path: "/register",
    name: "register",
    meta: { title: "register" },
    component: () => import("./pages/register-page.vue"),
  },
  {
    path: "/evidence",
    name: "evidence",
    meta: { title: "evidence" },
    component: () => import("./pages/evidence-page.vue"),
  },
  {
    path: "/proposals",
    name: "proposals",
    meta: { title: "proposals" },
    component: () => import("./pages/proposals-page.vue"),
  },
  {
    path: "/proposals/:id",
    name: "proposal",
    meta: { title: "proposal" },
    props: true,
    component: () => import("./pages/proposal-page.vue"),
  },
  {
    path: "/reviews",
    name: "reviews",
    meta: { title: "reviews" },
    component: () => import("./pages/reviews-page.vue"),
  },
  {
    path: "/declarations",
    name: "declarations",
    meta: { title: "declarations" },
    component: () => import("./pages/declarations-page.vue"),
  },
  {
    path: "/safeguards",
    name: "safeguards",
    meta: { title: "safeguards" },
    component: () => import("./pages/safeguards-page.vue"),
  },
  {
    path: "/break-glass",
    name: "break-glass",
    meta: { title: "breakGlass", open: true },
    component: () => import("./pages/break-glass-page.vue"),
  },
  { path: "/alerts", name: "alerts", meta: { title: "alerts" }, component: () => import("./pages/alerts-page.vue") },
  { path: "/me", name: "me", meta: { title: "me" }, component: () => import("./pages/me-page.vue") },
  { path: "/", name: "home", meta: { title: "access" }, component: () => import("./pages/not-found-page.vue") },
  {
    path: "/:rest(.*)*",
    name: "not-found",
    meta: { title: "signIn" },
    component: () => import("./pages/not-found-page.vue"),
  },
];

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

router.beforeEach((to) => {
  const identity = useIdentityStore();
  if (to.meta.open === true) return true;
  if (identity.me === undefined) {
    return { name: "sign-in", ...(to.fullPath === "/" ? {} : { query: { next: to.fullPath } }) };
  }
  if (identity.me.mustChangePassword) return to.name === "me" ? true : { name: "me" };
  return to.name === "home" ? { name: homeOf(identity.me) } : true;
});
