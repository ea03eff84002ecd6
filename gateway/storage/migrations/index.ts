/** Every migration, oldest first. */
import { Initial1700000000001 } from "./1-initial.js";
import { Desktops1700000000002 } from "./2-desktops.js";
import { PeopleAndPowers1700000000003 } from "./3-people-and-powers.js";

export const MIGRATIONS = [Initial1700000000001, Desktops1700000000002, PeopleAndPowers1700000000003];
