/**
 * Builds the page into `dist/web`. Nothing is inlined, so that the page runs under a policy of `default-src 'none'` with
 * scripts and styles from its own origin only.
 */
import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { defineConfig, type ProxyOptions } from "vite";

const gateway = "http://127.0.0.1:8080";
/** A place that is a socket of the gateway's; whatever else is asked there is the page. */
const socket: ProxyOptions = {
  target: gateway,
  ws: true,
  changeOrigin: false,
  bypass: (req) => (req.headers.upgrade === "websocket" ? undefined : "/index.html"),
};

// Vite itself asks for a default export here; the rest of the house has none.
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [vue()],
  define: {
    __VUE_OPTIONS_API__: "true",
    __VUE_PROD_DEVTOOLS__: "false",
    __VUE_I18N_FULL_INSTALL__: "false",
    __VUE_I18N_LEGACY_API__: "false",
    __INTLIFY_PROD_DEVTOOLS__: "false",
    // Messages become data that is interpreted, never code that is made at run time: the policy has no 'unsafe-eval'.
    __INTLIFY_JIT_COMPILATION__: "true",
  },
  build: {
    outDir: fileURLToPath(new URL("../dist/web", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      "/api": { target: gateway, changeOrigin: false },
      "/live": socket,
      "/desktop": socket,
    },
  },
});
