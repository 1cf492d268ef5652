import { identifier, literal, qualified } from '../sql/quote';
import type { CheckDetail } from './step-detail';

export function dropCheckStatement({ relation, name }: CheckDetail): string {
  return `ALTER TABLE ${qualified(relation)} DROP CONSTRAINT ${identifier(name)}`;
}

/** A CHECK comes back without looking at rows; from then on it holds for what is written. */
export function addCheckStatements({ relation, name, definition, comment }: CheckDetail): string[] {
  const table = qualified(relation);
  const lasting = definition.replace(/\s+NOT VALID$/, '');
  return [
    `ALTER TABLE ${table} ADD CONSTRAINT ${identifier(name)} ${lasting} NOT VALID`,
    ...(comment === null ? [] : [`COMMENT ON CONSTRAINT ${identifier(name)} ON ${table} IS ${literal(comment)}`]),
  ];
}

export function validateCheckStatement({ relation, name }: CheckDetail): string {
  return `ALTER TABLE ${qualified(relation)} VALIDATE CONSTRAINT ${identifier(name)}`;
}
