import { z } from 'zod';
import { columnsDocument, idDocument, stepDocument } from './plan-column';

/** One entry under `tables`, and what entries have in common. */

export const onBadRow = z
  .enum(['quarantine', 'stop'])
  .describe(
    'What happens with a row that cannot be migrated: it goes to quarantine, or it stops the table. Default: quarantine.',
  );

export const whenNotEmpty = z
  .enum(['refuse', 'replace', 'append'])
  .describe('What to do when the target table holds rows: refuse, or save and replace them. Default: refuse.');

export const unmapped = z.enum(['error', 'warn', 'ignore']);

export const rowLimit = z
  .union([
    z.string().regex(/^\s*\d+(\.\d+)?\s*%\s*$/),
    z.string().regex(/^\s*\d+\s*$/),
    z.int().min(0),
    z.strictObject({
      rows: z.int().min(0).optional().describe('At most this many rows.'),
      percent: z.number().min(0).max(100).optional().describe('At most this share of the source rows, 0 to 100.'),
    }),
  ])
  .describe('How many bad rows without a decision are tolerated: `0.5%`, a number of rows, or both as a mapping.');

export const ruleDocument = stepDocument.describe(
  'A rule by name, or a mapping of its name to its arguments: `unique`, `{ in: [active, closed] }`.',
);

export const tableDocument = z
  .strictObject({
    from: z.string().min(1).optional().describe('Source relation, schema.table; for a pattern with as many `*`.'),
    source: z.string().min(1).optional().describe('Connection under `sources`; needed when there are several.'),
    key: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe('Columns that identify a source row. Default: the primary key, else a unique key without nulls.'),
    where: z
      .string()
      .min(1)
      .optional()
      .describe('SQL condition; rows for which it is not true are counted as out of scope.'),
    only: z
      .boolean()
      .optional()
      .describe(
        'Reads only the rows of the table itself, not those of its inheritance children; map the children as tables of their own.',
      ),
    id: idDocument.optional(),
    columns: columnsDocument.optional(),
    ignore: z.array(z.string().min(1)).optional().describe('Source columns left behind on purpose.'),
    exclude: z
      .array(z.string().min(1))
      .optional()
      .describe('For a pattern: source or target tables that it does not take, schema.table with `*`.'),
    when_not_empty: whenNotEmpty.optional(),
    on_bad_row: onBadRow.optional(),
    max_bad_rows: rowLimit.optional(),
    unmapped_source_columns: unmapped
      .optional()
      .describe('How a source column that nothing maps is reported. Default: error.'),
    validate: z
      .boolean()
      .optional()
      .describe(
        'Whether foreign keys of the target table that are NOT VALID are validated. Default: they are restored as they were.',
      ),
    rules: z
      .record(z.string().min(1), z.array(ruleDocument).min(1))
      .optional()
      .describe('Rules per target column, checked on the target during validation.'),
  })
  .describe('One target table, or with `*` in its name all tables that match.');
export type TableDocument = z.infer<typeof tableDocument>;
