import type { Session } from '../postgres/session';
import type { Host } from './host';
import { withSessions } from './session-scope';
import type { TargetWork } from './target-work';

/** Work on one session of a source, beside work on the target. */
export function onSource<T>(
  host: Host,
  { ref, run }: Pick<TargetWork, 'ref' | 'run'>,
  source: string,
  purpose: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return withSessions(host, ref, purpose, async (scope) => work(await scope.openSource(run, source)));
}
