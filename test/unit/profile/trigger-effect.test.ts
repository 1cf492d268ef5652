import { canFire, columnsWritten, type TriggerFacts } from '../../../src/profile/trigger-effect';

const beforeRow = 1 + 2;
const [insert, remove, update, truncate] = [4, 8, 16, 32];
const trigger = (more: Partial<TriggerFacts>): TriggerFacts => ({
  name: 't',
  enabled: 'O',
  type: beforeRow + update,
  updateOf: [],
  language: 'plpgsql',
  source: 'begin return new; end',
  args: [],
  ...more,
});

describe('a trigger of the target', () => {
  it.each([
    ['for inserts fires in every run', { type: 1 + insert }, true, true],
    ['for deletes fires where rows are taken away', { type: 1 + remove }, true, true],
    ['for updates fires in a run that follows', { type: 1 + update }, false, true],
    ['for updates of a column that is loaded fires there', { type: 1 + update, updateOf: ['v'] }, false, true],
    ['for updates of a column that is not loaded never fires', { type: 1 + update, updateOf: ['x'] }, false, false],
    ['for TRUNCATE never fires', { type: truncate }, false, false],
    ['that is disabled never fires', { type: 1 + insert, enabled: 'D' }, false, false],
    ['that fires on replicas only never fires', { type: 1 + insert, enabled: 'R' }, false, false],
    ['that fires always fires', { type: 1 + insert, enabled: 'A' }, true, true],
  ] as const)('%s', (_, more, copied, followed) => {
    expect(canFire(trigger(more), ['id', 'v'], false)).toBe(copied);
    expect(canFire(trigger(more), ['id', 'v'], true)).toBe(followed);
  });
});

describe('columns that a trigger writes', () => {
  const loaded = ['id', 'v', 'updated_at', 'E mail', 'tags'];
  it.each([
    ['begin new.updated_at = now(); return new; end', ['updated_at']],
    ['begin NEW . Updated_At := now(); return new; end', ['updated_at']],
    ['begin if new.id > 0 then new.v = 1; else new."E mail" = null; end if; return new; end', ['v', 'E mail']],
    ['begin new.tags[1] := 1; return new; end', ['tags']],
    ['begin select a, b into strict new.v, new.tags from x; return new; end', ['v', 'tags']],
    ["begin\n  -- new.v := 1\n  /* new.v := 1; */ perform '; new.v = 1'; return new; end", []],
    ['begin if new.v = 1 and new.updated_at = now() then return null; end if; return new; end', []],
    ['begin insert into log values (new.v); return new; end', []],
    ['begin renew.v := 1; return new; end', []],
  ])('%s', (source, written) => {
    expect(columnsWritten(trigger({ source }), loaded)).toEqual(written);
    expect(columnsWritten(trigger({ source, type: 1 + update }), loaded)).toEqual([]);
  });

  it('are the first argument of a function in C', () => {
    expect(columnsWritten(trigger({ language: 'c', args: ['updated_at', 'v'] }), loaded)).toEqual(['updated_at']);
  });
});
