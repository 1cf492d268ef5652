import { quarantine } from '../../../src/cli/commands/quarantine';
import type { Terminal } from '../../../src/cli/terminal';

test.each(['json', 'ndjson'] as const)(
  'CSV as %s is refused before anything is looked up or recorded',
  async (output) => {
    const touched: string[] = [];
    const terminal = new Proxy({ output } as Terminal, {
      get(target, name) {
        if (name !== 'output') touched.push(String(name));
        return Reflect.get(target, name) as unknown;
      },
    });
    await expect(quarantine(terminal, 'crm-1', { csv: true })).rejects.toMatchObject({ code: 'RP9001' });
    expect(touched).toEqual([]);
  },
);
