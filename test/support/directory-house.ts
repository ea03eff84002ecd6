/** People at work with directories beside them: the identity lab, and the use cases of directories over the same rows. */
import { bindDirectories } from "../../gateway/broker/directories/bind-directories.js";
import { checkPeople } from "../../gateway/broker/directories/check-people.js";
import { createIdentity } from "../../gateway/broker/identity.js";
import { createThrottle } from "../../gateway/broker/throttle.js";
import type { Directories } from "../../gateway/broker/deps.js";
import type { DirectoryUseCases, IdentityUseCases } from "../../gateway/broker/index.js";
import type { AuditRow, AuditVerb, Person } from "../../gateway/domain/index.js";
import { openIdentityLab, type IdentityLab, type LabPerson } from "./identity-lab.js";

export interface DirectoryHouse {
  readonly lab: IdentityLab;
  readonly directories: DirectoryUseCases;
  readonly identity: IdentityUseCases;
  readonly grace: LabPerson;
  readonly heidi: LabPerson;
  /** One round of questions, after so long that everybody is due. */
  round(): Promise<void>;
  person(login: string): Promise<Person | undefined>;
  roles(login: string): Promise<readonly string[]>;
  events(verb: AuditVerb): Promise<readonly AuditRow[]>;
  close(): Promise<void>;
}

export const CHECK_MS = 240_000;
export const GRACE_MS = 3_600_000;

/** Two security administrators, grace and heidi, are there. */
export async function openDirectoryHouse(
  kind: Parameters<typeof openIdentityLab>[0],
  given: Partial<Directories> = {},
): Promise<DirectoryHouse> {
  const lab = await openIdentityLab(kind);
  const directories: Directories = {
    oidc: null,
    ldap: null,
    operatorGroups: [],
    justInTime: false,
    checkMs: CHECK_MS,
    graceMs: GRACE_MS,
    ...given,
  };
  const deps = { ...lab.deps, directories, throttle: createThrottle(lab.deps.clock) };
  const grace = await lab.bootstrap();
  const heidi = await lab.add(grace, "heidi", { power: "security" });
  const { read } = lab.database;
  const house: DirectoryHouse = {
    lab,
    grace,
    heidi,
    directories: bindDirectories(deps),
    identity: createIdentity(deps),
    async round() {
      lab.pass(CHECK_MS);
      await checkPeople(deps);
    },
    person: async (login) => (await read.people.find({ login }))[0],
    async roles(login) {
      const person = await house.person(login);
      return person === undefined ? [] : (await read.roles.find({ personId: person.id })).map((row) => row.role);
    },
    events: (verb) => read.audit.find({ verb }, { orderBy: "id", limit: 1000 }),
    close: () => lab.close(),
  };
  return house;
}
