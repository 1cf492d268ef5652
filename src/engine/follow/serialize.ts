import type { Session } from '../../postgres/session';

const turns = new WeakMap<Session, Promise<unknown>>();

/** Work of several statements on a session that others use at the same time: one after the other, in the order of the calls. */
export function serialized<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const mine = (turns.get(session) ?? Promise.resolve()).then(work);
  turns.set(
    session,
    mine.catch(() => undefined),
  );
  return mine;
}
