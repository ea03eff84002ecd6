/** Every migration, oldest first. */
import { Initial1700000000001 } from "./1-initial.js";

export const MIGRATIONS = [Initial1700000000001];
