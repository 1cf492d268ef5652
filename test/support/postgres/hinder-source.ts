import { Client } from 'pg';
import type { TestDatabase } from './postgres';
import { eventually } from '../workbench';

/** What owners of a source do to it while it is followed. */

export interface SlowTriggers {
  /** From here to `end` whoever creates a trigger waits. */
  begin(): Promise<void>;
  end(): Promise<void>;
  close(): Promise<void>;
}

/** An audit of schema changes, an event trigger, that lasts as long as the test likes. */
export async function slowTriggers(source: TestDatabase): Promise<SlowTriggers> {
  await source.query(`
    create function public.slow_audit() returns event_trigger language plpgsql as $$
    begin
      while not pg_try_advisory_xact_lock_shared(4711) loop perform pg_sleep(0.02); end loop;
    end $$;
    create event trigger slow_audit on ddl_command_start when tag in ('CREATE TRIGGER') execute function public.slow_audit();`);
  const holder = new Client({ connectionString: source.url });
  holder.on('error', () => undefined);
  await holder.connect();
  return {
    begin: async () => void (await holder.query('select pg_advisory_lock(4711)')),
    end: async () => void (await holder.query('select pg_advisory_unlock_all()')),
    close: () => holder.end(),
  };
}

/** Takes the slots of the database away. Whoever reads one is ended first; it may be back before the slot is gone. */
export async function dropSlot(source: TestDatabase): Promise<void> {
  const mine = 'from pg_replication_slots where database = current_database()';
  await eventually(async () => {
    await source.query(`select pg_terminate_backend(active_pid) ${mine}`);
    return source.query(`select pg_drop_replication_slot(slot_name) ${mine}`).then(
      () => true,
      () => false,
    );
  });
}
