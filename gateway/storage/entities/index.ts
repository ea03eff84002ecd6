/** Every table that TypeORM maps. `search_token` has no entity: it is an index, written and read by `search-store.ts` alone. */
export * from "./access.js";
export * from "./evidence.js";
export * from "./factors.js";
export * from "./people.js";
export * from "./registry.js";
export * from "./sessions.js";
import * as access from "./access.js";
import * as evidence from "./evidence.js";
import * as factors from "./factors.js";
import * as people from "./people.js";
import * as registry from "./registry.js";
import * as sessions from "./sessions.js";

export const TABLES = [
  ...Object.values(registry),
  ...Object.values(people),
  ...Object.values(factors),
  ...Object.values(access),
  ...Object.values(sessions),
  ...Object.values(evidence),
];
