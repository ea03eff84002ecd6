/** What may pass a desktop beside pictures, keys and pointer; asked at the moment each thing begins. */
export interface Rights {
  readonly copy: boolean;
  readonly paste: boolean;
  readonly upload: boolean;
  readonly download: boolean;
}

/** The longest clipboard guacd itself holds, in bytes. */
export const CLIPBOARD_MOST = 262_144;
export const CLIPBOARD_TYPE = "text/plain";
/** What a folder's listing is called (Guacamole protocol reference, `get`). */
export const LISTING_TYPE = "application/vnd.glyptodon.guacamole.stream-index+json";
/** The longest listing that passes. */
export const LISTING_MOST = 1024 * 1024;
