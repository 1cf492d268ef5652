import { z } from 'zod';
import type { Json } from './resolved-plan';

/** Columns, ids and pipelines as a plan file spells them. Which keys go together is checked in `src/plan`. */

const json: z.ZodType<Json> = z.json() as z.ZodType<Json>;

export const stepDocument = z
  .union([
    z.string().min(1),
    z.record(z.string(), json).refine((step) => Object.keys(step).length === 1, { message: 'one_step' }),
  ])
  .describe('A transform by name, or a mapping of its name to its arguments: `trim`, `{ null_if: ["", n/a] }`.');
export type StepDocument = z.infer<typeof stepDocument>;

const columnNames = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

export const columnObject = z.strictObject({
  from: columnNames.optional().describe('Source column, or several for `concat`.'),
  value: z.string().nullable().optional().describe('A constant, or null.'),
  sql: z
    .string()
    .min(1)
    .optional()
    .describe('SQL expression over the source row. It has no second implementation: the proof runs it again.'),
  steps: z.array(stepDocument).optional().describe('Transforms, from first to last; text in, text out.'),
  ref: z
    .string()
    .min(1)
    .optional()
    .describe('Table of this plan whose new id this column follows: schema.table or the short name.'),
  parent_out_of_scope: z
    .enum(['out_of_scope', 'quarantine'])
    .optional()
    .describe('What happens with a row whose parent is out of scope. Default: quarantine.'),
});
export type ColumnObject = z.infer<typeof columnObject>;

const columnDocument = z
  .union([z.string().min(1), columnObject])
  .describe('A source column (a rename), or a mapping with from, value or sql.');
export type ColumnDocument = z.infer<typeof columnDocument>;

export const columnsDocument = z
  .union([
    z.literal('*'),
    z
      .record(z.string().min(1), columnDocument)
      .describe('Target column to its origin. "*": "*" adds every other column of the same name.'),
  ])
  .describe('`"*"` for columns of the same name, or a mapping of target columns.');

const whole = z.union([z.int(), z.string().regex(/^[+-]?\d+$/)]);

export const idDocument = z
  .strictObject({
    keep: z.string().min(1).optional().describe('Source column whose value stays the id.'),
    offset: z
      .strictObject({
        from: z.string().min(1).describe('Source column with a whole number.'),
        by: whole.describe('Whole number that is added.'),
      })
      .optional()
      .describe('The old number plus a constant.'),
    uuid_from: columnNames
      .optional()
      .describe(
        'Source columns that a uuid (version 8, SHA-256) is computed from: same input, same uuid, in every run.',
      ),
    column: z.string().min(1).optional().describe("Target column that takes the id. Default: the table's primary key."),
  })
  .describe('How the new id is computed: exactly one of keep, offset and uuid_from.');
export type IdDocument = z.infer<typeof idDocument>;
