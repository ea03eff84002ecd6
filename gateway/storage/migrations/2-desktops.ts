/** Desktops: how an asset's is reached, and the tickets that let a browser in. Rows written before stay as they are. */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { adapt } from "./dialect.js";

const STATEMENTS: readonly string[] = [
  `ALTER TABLE "asset" ADD COLUMN "desktop" TEXT`,
  `CREATE TABLE "ticket" (
    "id" TEXT PRIMARY KEY NOT NULL, "web_session_id" TEXT NOT NULL, "person_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL, "session_id" TEXT, "choices" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "expires_at" BIGINT NOT NULL, "used_at" BIGINT)`,
  `CREATE INDEX "ticket_person" ON "ticket" ("person_id")`,
  `CREATE INDEX "ticket_expires" ON "ticket" ("expires_at")`,
];

export class Desktops1700000000002 implements MigrationInterface {
  readonly name = "Desktops1700000000002";

  async up(runner: QueryRunner): Promise<void> {
    const dialect = runner.dataSource.options.type === "postgres" ? "postgres" : "sqlite";
    for (const sql of STATEMENTS) await runner.query(adapt(dialect, sql));
  }

  /** A recording names the desktop it was made of. */
  async down(): Promise<void> {
    throw new Error("the schema of desktops is not taken back");
  }
}
