import { exitCodes } from '../../../src/cli/exit-codes';
import { reportError } from '../../../src/cli/screen/render-error';
import type { Terminal } from '../../../src/cli/terminal';

async function said(error: unknown): Promise<{ exit: number; codes: string[]; text: string }> {
  const lines: string[] = [];
  const terminal: Terminal = {
    env: {},
    cwd: '/',
    out: (line) => void lines.push(line),
    talk: (line) => void lines.push(line),
    live: false,
    interactive: false,
    output: 'json',
    found: { plan: null },
  };
  const exit = await reportError(terminal, error);
  const text = lines.join('\n');
  const { problems } = (JSON.parse(text) as { error: { problems: { code: string }[] } }).error;
  return { exit, codes: problems.map(({ code }) => code), text };
}

describe('an error that no code was given', () => {
  it('is a bug, and says nothing of its text', async () => {
    const { codes, exit, text } = await said(new Error('row 7 of Ana'));
    expect([codes, exit]).toEqual([['RP9000'], exitCodes.internal.code]);
    expect(text).not.toContain('Ana');
  });

  it('is a refusal where a database made it, and says nothing of its text either', async () => {
    const refused = Object.assign(new Error('duplicate key value (Ana)'), {
      severity: 'ERROR',
      code: '23505',
      table: 'person',
      detail: 'Key (name)=(Ana) already exists.',
    });
    const { codes, text } = await said(refused);
    expect(codes).toEqual(['RP9020']);
    expect(text).not.toContain('Ana');
  });
});
