import type { ColumnObject, StepDocument } from '../../contract/plan-column';
import { parseStep, transforms } from '../../transform/registry';
import type { Report } from './check-context';
import { checkSql } from './check-sql';
import type { PlanPath } from '../position';
import { asList, stepSpec } from '../resolve/steps';

/** One user expression against what can be said without a catalog. */
export function checkExpression(sql: string, path: PlanPath, report: Report): void {
  for (const { code, what, why, fix } of checkSql(sql, null))
    report.add(code, what, path, { ...(why === undefined ? {} : { why }), ...(fix === undefined ? {} : { fix }) });
}

function checkSteps(steps: readonly StepDocument[], inputs: number, path: PlanPath, report: Report): void {
  steps.forEach((step, index) => {
    const spec = stepSpec(step);
    const at = typeof step === 'string' ? [...path, index] : [...path, index, spec.name];
    const parsed = parseStep(spec);
    if ('problem' in parsed) {
      report.add(transforms.has(spec.name) ? 'RP1013' : 'RP1012', parsed.problem, at, { fix: parsed.fix });
      return;
    }
    if (parsed.transform.inputs !== 'many') return;
    if (index > 0)
      report.add('RP1013', `\`${spec.name}\` combines source columns and can only be the first step.`, at, {
        fix: `Move \`${spec.name}\` to the front; clean the parts before that with \`sql\`.`,
      });
  });
  if (inputs > 1) {
    const first = steps[0] === undefined ? null : parseStep(stepSpec(steps[0]));
    if (first === null || (!('problem' in first) && first.transform.inputs !== 'many'))
      report.add('RP1019', 'Several source columns need a first step that combines them.', path, {
        fix: 'Begin with `{ concat: " " }`.',
      });
  }
}

/** A column given as a mapping: which keys go together, its steps and its SQL. `path` leads to the column. */
export function checkColumn(column: ColumnObject, path: PlanPath, report: Report): void {
  const origins = (['from', 'value', 'sql'] as const).filter((key) => column[key] !== undefined);
  if (origins.length === 0)
    report.add('RP1019', 'The column has no origin.', path, { fix: 'Add one of from, value and sql.' });
  if (origins.length > 1) report.add('RP1019', `The column has several origins: ${origins.join(', ')}.`, path);
  const from = asList(column.from);
  if (new Set(from).size < from.length) report.add('RP1019', 'A source column is named twice.', [...path, 'from']);
  if (column.steps !== undefined) {
    if (column.value !== undefined)
      report.add('RP1019', 'A constant takes no steps.', [...path, 'steps'], { fix: 'Write the finished value.' });
    checkSteps(
      column.steps,
      column.ref === undefined ? from.length : Math.min(from.length, 1),
      [...path, 'steps'],
      report,
    );
  } else if (from.length > 1 && column.ref === undefined) checkSteps([], from.length, path, report);
  if (column.ref !== undefined) {
    if (column.from === undefined)
      report.add('RP1017', 'A `ref` needs `from`: the source column that holds the old id.', path, {
        fix: 'Add `from` with the column that points to the parent.',
      });
    if (from.length > 1 && (column.steps ?? []).length > 0)
      report.add('RP1019', 'A reference over several columns takes no steps.', [...path, 'steps']);
  } else if (column.parent_out_of_scope !== undefined)
    report.add('RP1019', '`parent_out_of_scope` needs `ref`.', [...path, 'parent_out_of_scope'], {
      fix: 'Add `ref` with the parent table.',
    });
  if (column.sql !== undefined) checkExpression(column.sql, [...path, 'sql'], report);
}
