/**
 * The first schema, on both databases. Written by hand and never changed once released: a later change is a later file.
 * The statements are in the words both understand; `dialect.ts` adapts the few that differ.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { adapt } from "./dialect.js";
import { INDEXES } from "./initial-indexes.js";
import { TABLES } from "./initial-tables.js";
import { triggers } from "./initial-triggers.js";

export class Initial1700000000001 implements MigrationInterface {
  readonly name = "Initial1700000000001";

  async up(runner: QueryRunner): Promise<void> {
    const dialect = runner.dataSource.options.type === "postgres" ? "postgres" : "sqlite";
    for (const sql of [...TABLES, ...INDEXES]) await runner.query(adapt(dialect, sql));
    for (const sql of triggers(dialect)) await runner.query(sql);
  }

  /** Evidence is not unmade. */
  async down(): Promise<void> {
    throw new Error("the first schema is not taken back");
  }
}
