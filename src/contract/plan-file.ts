import { z } from 'zod';
import { connectionSpec, targetConnectionSpec } from './plan-connection';
import { settingsDocument } from './plan-settings';
import { onBadRow, rowLimit, tableDocument, unmapped, whenNotEmpty } from './plan-table';

/** The plan file as people write it. `src/plan/parse-plan.ts` reads one, `src/plan/resolve/resolve-plan.ts` makes a ResolvedPlan. */

export const decisionDocument = z
  .strictObject({
    do: z
      .enum(['quarantine', 'out_of_scope', 'accept', 'fire', 'disable', 'stop'])
      .describe('What happens to the rows of the finding, or to the trigger.'),
    expect: z
      .union([
        z.int().min(0),
        z.strictObject({
          rows: z.int().min(0).describe('How many rows the decision should touch.'),
          tolerance: z.int().min(0).optional().describe('Allowed difference in rows. Default: 0.'),
        }),
      ])
      .optional()
      .describe('Expected effect; validation compares it with what happened.'),
    because: z.string().trim().min(1).describe('The reason, for auditors.'),
    by: z.string().trim().min(1).describe('Who decided.'),
  })
  .describe('The decision on one finding.');

export const spotCheckDocument = z
  .strictObject({
    table: z.string().min(1).describe('Target table of this plan: schema.table or the short name.'),
    file: z.string().min(1).describe('File with keys and expected values, relative to the plan file.'),
  })
  .describe('Rows with known values, compared after the migration.');

export const planFile = z
  .strictObject({
    version: z.literal(1).describe('Version of the plan format: 1.'),
    name: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{0,62}$/)
      .describe('Name of the plan; runs are called name-1, name-2 and so on.'),
    sources: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]*$/), z.union([z.string().min(1), connectionSpec]))
      .refine((sources) => Object.keys(sources).length > 0, { message: 'one_source' })
      .describe('Source databases by name.'),
    target: z.union([z.string().min(1), targetConnectionSpec]).describe('The target database.'),
    capture: z
      .enum(['none', 'triggers', 'logical', 'timestamp'])
      .optional()
      .describe('How changes of the source are followed. Default: none, the source is quiet.'),
    defaults: z
      .strictObject({
        on_bad_row: onBadRow.optional(),
        max_bad_rows: rowLimit.optional(),
        when_not_empty: whenNotEmpty.optional(),
        unmapped_source_columns: unmapped
          .optional()
          .describe('How a source column that nothing maps is reported. Default: error.'),
        unmapped_source_tables: unmapped
          .optional()
          .describe('How a source table that nothing maps is reported. Default: warn.'),
      })
      .optional()
      .describe('Defaults for all tables.'),
    ignore_tables: z
      .array(z.string().min(1))
      .optional()
      .describe('Source tables left behind on purpose, schema.table with `*`.'),
    tables: z
      .record(z.string().min(1), tableDocument)
      .refine((tables) => Object.keys(tables).length > 0, { message: 'one_table' })
      .describe('Target tables: schema.table, or a pattern such as "crm.*".'),
    decisions: z
      .record(z.string().min(1), decisionDocument)
      .optional()
      .describe('Decisions by finding id, as `rowproof run PLAN --check` prints them; `*` stands for any text.'),
    spot_checks: z.record(z.string().min(1), spotCheckDocument).optional().describe('Spot checks by name.'),
    settings: settingsDocument.optional(),
  })
  .describe('A rowproof plan.');
export type PlanDocument = z.infer<typeof planFile>;
