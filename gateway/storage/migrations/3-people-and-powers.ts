/**
 * People and powers: units, vendors and contracts, what two persons decide, what lets people in. Rows written before stay
 * and get what they were in the new columns; rules that no code may get round stand in `people-triggers.ts`.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { adapt } from "./dialect.js";
import { COLUMNS, FILLED, INDEXES, ROLES, TABLES } from "./people-tables.js";
import { dropped, triggers } from "./people-triggers.js";
import { planHints } from "./plan-hints.js";

export class PeopleAndPowers1700000000003 implements MigrationInterface {
  readonly name = "PeopleAndPowers1700000000003";

  async up(runner: QueryRunner): Promise<void> {
    const dialect = runner.dataSource.options.type === "postgres" ? "postgres" : "sqlite";
    for (const sql of dropped(dialect)) await runner.query(sql);
    for (const sql of [...COLUMNS, ...FILLED, ...ROLES[dialect], ...TABLES, ...INDEXES])
      await runner.query(adapt(dialect, sql));
    for (const sql of [...triggers(dialect), ...planHints(dialect)]) await runner.query(sql);
  }

  /** Who confirmed what is evidence. */
  async down(): Promise<void> {
    throw new Error("the schema of people and powers is not taken back");
  }
}
