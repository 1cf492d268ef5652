import type { PlanDocument } from '../../contract/plan-file';
import type { Report } from './check-context';
import { didYouMean } from './nearest';
import { optionalTime } from '../resolve/settings';
import { holdsPassword } from './url-secrets';

/** Gates that an operator may be asked to approve, by the names that `approvers` uses. */
const gateNames = ['copy', 'cutover', 'switch', 'rollback', 'retry', 'keep'] as const;

type Given = NonNullable<PlanDocument['settings']>;

/** What contradicts itself under `settings`, and between `settings` and `capture`. */
export function checkSettings(document: PlanDocument, report: Report): void {
  const settings = document.settings ?? {};
  checkHook('notify', settings.notify, report);
  checkHook('switch', settings.switch, report);
  checkPattern(document, settings, report);
  checkThrottle(settings, report);
  for (const gate of Object.keys(settings.approvers ?? {})) {
    if ((gateNames as readonly string[]).includes(gate)) continue;
    report.add(
      'RP1003',
      `There is no gate \`${gate}\`.${didYouMean(gate, gateNames)}`,
      ['settings', 'approvers', gate],
      {
        why: 'Approvers of a gate that does not exist would have no effect.',
        fix: `Gates are ${gateNames.join(', ')}.`,
      },
    );
  }
}

function checkHook(key: 'notify' | 'switch', hook: Given['notify'], report: Report): void {
  const http = typeof hook === 'string' ? hook : hook !== undefined && 'http' in hook ? hook.http : undefined;
  if (http === undefined) return;
  if (holdsPassword(http)) report.add('RP1011', 'A hook contains a password.', ['settings', key]);
  else if (!http.includes('${') && !/^https?:\/\//.test(http))
    report.add('RP1004', `\`${key}\` is not an http address.`, ['settings', key], {
      fix: 'Write an http address, `${NAME}`, or `{ command: [program, argument] }`.',
    });
}

function checkPattern(document: PlanDocument, settings: Given, report: Report): void {
  const capture = document.capture ?? 'none';
  const pattern = settings.pattern ?? (capture === 'none' ? 'copy' : 'hybrid');
  const path = ['settings', 'pattern'];
  if (pattern === 'hybrid' && capture === 'none')
    report.add('RP1025', '`pattern: hybrid` follows the source, and `capture: none` captures nothing.', path, {
      fix: 'Write `capture: triggers` or `capture: logical`, or another pattern.',
    });
  if (pattern !== 'hybrid' && (capture === 'triggers' || capture === 'logical'))
    report.add('RP1025', `\`pattern: ${pattern}\` follows nothing, so \`capture: ${capture}\` has no use.`, path, {
      fix: 'Write `capture: none`, or `pattern: hybrid`.',
    });
  if (pattern !== 'copy') return;
  const unused = [
    ...(settings.switch === undefined ? [] : [['settings', 'switch']]),
    ...(settings.cutover === undefined ? [] : [['settings', 'cutover']]),
  ];
  for (const one of unused)
    report.add('RP1025', `\`${one.at(-1)}\` is about a cutover, and \`pattern: copy\` has none.`, one, {
      fix: 'Remove it, capture changes, or write `pattern: big_bang`.',
    });
}

function checkThrottle(settings: Given, report: Report): void {
  const throttle = settings.delta?.throttle;
  if (throttle === undefined) return;
  const path = ['settings', 'delta', 'throttle'];
  const { query, pause_above: pause, abort_above: abort } = throttle;
  if (query === undefined && (pause !== undefined || abort !== undefined))
    report.add('RP1025', '`throttle` has a threshold and no `query` that gives a number to compare with it.', path, {
      fix: 'Add `query:` with SQL that gives one number, or remove the threshold.',
    });
  if (query !== undefined && pause === undefined && abort === undefined)
    report.add('RP1025', '`throttle` has a `query` and no threshold.', path, {
      fix: 'Add `pause_above`, `abort_above`, or both.',
    });
  for (const [waits, above, stops, limit] of [
    ['pause_above', pause, 'abort_above', abort],
    [
      'max_replica_lag',
      optionalTime(throttle.max_replica_lag),
      'abort_replica_lag',
      optionalTime(throttle.abort_replica_lag),
    ],
    ['max_lock_waits', throttle.max_lock_waits, 'abort_lock_waits', throttle.abort_lock_waits],
  ] as const) {
    if (above == null || limit == null || limit > above) continue;
    report.add('RP1025', `\`${stops}\` is not above \`${waits}\`, so rounds would never pause.`, path, {
      fix: `Give \`${stops}\` a higher number.`,
    });
  }
}
