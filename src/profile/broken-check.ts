import { agreeing, counted } from '../report/counted';
import { dotted } from '../sql/quote';
import type { QualifiedName } from '../contract/catalog';
import type { Finding } from './finding';

/** The finding under which a person accepts what a check of this name counts: the same id from discovery to the verdict. */
export function findingOfCheck(kind: string, name: string): string {
  return `${name}.${kind}`;
}

/** A check whose count somebody may accept. It is accepted by that count only: another one is asked again. */
export function brokenFinding(check: {
  readonly kind: string;
  readonly name: string;
  readonly mapping: string | null;
  readonly broken: number;
  readonly sentence: string;
}): Finding {
  return {
    id: findingOfCheck(check.kind, check.name),
    mapping: check.mapping,
    column: null,
    kind: check.kind,
    severity: 'decide',
    rows: check.broken,
    sentence: check.sentence,
    choices: ['accept', 'stop'],
  };
}

interface Key {
  readonly name: string;
  readonly child: QualifiedName;
  readonly parent: QualifiedName;
}

export function nameOfReference({ child, name }: Pick<Key, 'child' | 'name'>): string {
  return `${child.schema}.${child.name}.${name}`;
}

/** Rows of a table of the target whose foreign key finds no row of the parent. `outside`: the plan does not fill that table. */
export function brokenReference(key: Key & { readonly rows: number; readonly outside: boolean }): string {
  const outside = key.outside ? ', a table outside the plan,' : '';
  return `${counted(key.rows, 'row')} of ${dotted(key.child)}${outside} ${agreeing(key.rows, 'has', 'have')} no parent in ${dotted(key.parent)} (foreign key ${key.name}).`;
}
