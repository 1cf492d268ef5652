import type { CatalogueEntry } from './entry';

/** RP1xxx: the plan file. */
export const planErrors = {
  RP1001: {
    title: 'Plan file not found',
    why: 'The path does not lead to a readable file.',
    fix: 'Check the path, or write a first plan with `rowproof init`.',
    exit: 2,
  },
  RP1002: {
    title: 'Plan is not valid YAML',
    why: 'The file cannot be read as one YAML document whose top level is a mapping.',
    fix: 'Correct the YAML at that place; quote text that begins with a special character.',
    exit: 2,
  },
  RP1003: {
    title: 'Unknown key in the plan',
    why: 'A key that nothing reads is usually a misspelling, and would silently do nothing.',
    fix: 'Correct or remove the key; docs/plan.md lists all of them.',
    exit: 2,
  },
  RP1004: {
    title: 'Wrong type or value in the plan',
    why: 'The value is not one that this key takes.',
    fix: 'See docs/plan.md for the values of this key.',
    exit: 2,
  },
  RP1005: {
    title: 'Key missing in the plan',
    why: 'The plan cannot be understood without it.',
    fix: 'Add the key; docs/plan.md shows an example.',
    exit: 2,
  },
  RP1006: {
    title: 'Key given twice',
    why: 'Only one of the two could count, and which one would be a guess.',
    fix: 'Remove one of them.',
    exit: 2,
  },
  RP1007: {
    title: 'Two mappings write one column',
    why: 'A target column takes its value from exactly one place.',
    fix: 'Remove one of them, or combine the sources with `{ from: [a, b], steps: [{ concat: " " }] }`.',
    exit: 2,
  },
  RP1008: {
    title: 'Two mappings write one target table',
    why: 'One entry of `tables` is one target table, filled from one source relation.',
    fix: 'Remove one of them; rows of several relations can be combined in a view on the source.',
    exit: 2,
  },
  RP1009: {
    title: 'Circular references',
    why: 'Each of these tables takes its id from the next one, and none has an id of its own to start from.',
    fix: 'Give one of them an `id` (keep, offset or uuid_from), or drop `ref` where ids do not change.',
    exit: 2,
  },
  RP1010: {
    title: 'Not in this version',
    why: 'The plan asks for something that this version of rowproof does not do yet.',
    fix: 'Remove it for now; CHANGELOG.md says when it arrives.',
    exit: 2,
  },
  RP1011: {
    title: 'Password in the plan',
    why: 'Plans are committed, mailed and stored in the ledger; a password in one is a leak.',
    fix: 'Write `${NAME}` and set NAME in the environment, or use url_file or password_file.',
    exit: 2,
  },
  RP1012: {
    title: 'Unknown transform',
    why: 'No built-in transform has that name.',
    fix: 'See docs/transforms.md for all transforms.',
    exit: 2,
  },
  RP1013: {
    title: 'Wrong arguments of a transform',
    why: 'The transform cannot work with these arguments.',
    fix: 'See docs/transforms.md for its arguments.',
    exit: 2,
  },
  RP1014: {
    title: 'Result depends on the session',
    why: 'The same row would come out differently in another session, at another time or in a second run, so it could not be proved.',
    fix: 'Use an expression whose result depends on the row alone.',
    exit: 2,
  },
  RP1015: {
    title: 'Not a single SQL expression',
    why: 'The text becomes part of a larger statement and must be one expression on its own.',
    fix: 'Write one expression without semicolon, comment or parameter, with balanced parentheses and quotes.',
    exit: 2,
  },
  RP1016: {
    title: 'Table name without schema in SQL',
    why: 'Expressions run with search_path = pg_catalog, so that nobody can slip another table in between.',
    fix: 'Write schema.table.',
    exit: 2,
  },
  RP1017: {
    title: 'Reference cannot be followed',
    why: 'A `ref` names a table of this plan and computes its new id from the old one.',
    fix: 'Name a table under `tables` that has an `id`; where ids do not change, leave `ref` out.',
    exit: 2,
  },
  RP1018: {
    title: 'Source column mapped and ignored',
    why: 'A column that is left behind on purpose is not used elsewhere in the same table.',
    fix: 'Remove it from `ignore`, or remove the mapping.',
    exit: 2,
  },
  RP1019: {
    title: 'Column definition contradicts itself',
    why: 'A column comes from source columns, or is a constant, or is an SQL expression.',
    fix: 'Keep exactly one of from, value and sql.',
    exit: 2,
  },
  RP1020: {
    title: 'Table pattern unclear',
    why: 'A pattern must say without doubt which source relation fills which target table.',
    fix: 'Correct the pattern, or give the table an entry of its own.',
    exit: 2,
  },
  RP1021: {
    title: 'Name not understood',
    why: 'Tables are named schema.table, exactly as they are spelled in the database; a name that contains a dot or a double quote stands in double quotes.',
    fix: 'Write schema.table, for example public.customer or "my.schema"."My Table".',
    exit: 2,
  },
  RP1022: {
    title: 'Source connection unknown',
    why: 'Each mapping reads from one of the connections under `sources`.',
    fix: 'Name one of the connections under `sources`.',
    exit: 2,
  },
  RP1023: {
    title: 'Anchor, alias or tag in the plan',
    why: 'What counts must stand where it is read; anchors, aliases, merge keys and tags hide it.',
    fix: 'Write the value out; `defaults` and table patterns avoid repetition.',
    exit: 2,
  },
  RP1024: {
    title: 'Rule not understood',
    why: 'No rule has that name, or it takes other arguments.',
    fix: 'See docs/plan.md for the rules.',
    exit: 2,
  },
} as const satisfies Record<string, CatalogueEntry>;
