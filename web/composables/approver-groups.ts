/** Who can agree to a request, in the reader's language: the gate names a group by its unit, in English, and terminals show that. */

const GROUP = /^approvers of (?<unit>.+)$/;

/** One line; a dash where nobody is named. */
export function approverGroups(
  t: (key: string, values: Record<string, string>) => string,
  groups: readonly string[],
): string {
  const told = groups.map((group) => {
    const unit = GROUP.exec(group)?.groups?.["unit"];
    return unit === undefined ? group : t("decisions.approversOf", { unit });
  });
  return told.join(" · ") || "—";
}
