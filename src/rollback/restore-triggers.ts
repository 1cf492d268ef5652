import type { TriggerState, TriggersDetail } from './step-detail';
import { identifier, qualified } from '../sql/quote';

const words = { O: 'ENABLE', D: 'DISABLE', R: 'ENABLE REPLICA', A: 'ENABLE ALWAYS' } as const;

function setTrigger(trigger: TriggerState, word: string): string {
  return `ALTER TABLE ONLY ${qualified(trigger.relation)} ${word} TRIGGER ${identifier(trigger.name)}`;
}

/** Disables the triggers whose decision says so. */
export function disableTriggerStatements(detail: TriggersDetail): string[] {
  return detail.triggers
    .filter((trigger) => trigger.action === 'disable')
    .map((trigger) => setTrigger(trigger, 'DISABLE'));
}

/** Disables all of them, those that fire during the load too: for statements that are not part of the migration. */
export function silenceTriggerStatements(detail: TriggersDetail): string[] {
  return detail.triggers.map((trigger) => setTrigger(trigger, 'DISABLE'));
}

/** Puts every trigger back to the state it was found in. */
export function restoreTriggerStatements(detail: TriggersDetail): string[] {
  return detail.triggers.map((trigger) => setTrigger(trigger, words[trigger.enabled]));
}
