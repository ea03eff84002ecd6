/**
 * What the browser is told to refuse. Scripts come from our own files alone, nothing is framed, nothing is sent elsewhere.
 * The one concession is `style-src-attr 'unsafe-inline'`: the terminal view writes a cell's 24-bit colour into its `style`
 * attribute; with images, fonts and connections held to this origin, a style can carry nothing away. A desktop needs no more:
 * its pictures are decoded from memory, its cursor is a `data:` image, its WebSocket goes to this origin.
 */
import type { FastifyHelmetOptions } from "@fastify/helmet";

const YEAR_S = 31_536_000;

/** What of the browser our own page may use: the clipboard and the whole screen, for desktops. No device, nobody else. */
export const PERMISSIONS = [
  ...["clipboard-read", "clipboard-write", "fullscreen"].map((name) => `${name}=(self)`),
  ...["camera", "display-capture", "geolocation", "hid", "microphone", "midi", "payment", "serial", "usb"].map(
    (name) => `${name}=()`,
  ),
].join(", ");

/** @param secure over https, where the browser is told never to come by plain http again. */
export function securityHeaders(secure: boolean): FastifyHelmetOptions {
  return {
    global: true,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "style-src-elem": ["'self'"],
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "object-src": ["'none'"],
      },
    },
    crossOriginOpenerPolicy: { policy: "same-origin" },
    crossOriginResourcePolicy: { policy: "same-origin" },
    crossOriginEmbedderPolicy: false,
    referrerPolicy: { policy: "no-referrer" },
    frameguard: { action: "deny" },
    hsts: secure ? { maxAge: YEAR_S, includeSubDomains: false } : false,
  };
}
