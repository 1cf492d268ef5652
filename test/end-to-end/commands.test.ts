import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, type CommandResult } from '../support/command';
import { binary } from '../support/workbench';

const folder = mkdtempSync(join(tmpdir(), 'rowproof-commands-'));
const rowproof = (...args: string[]): Promise<CommandResult> =>
  runCommand(process.execPath, [binary, ...args], { cwd: folder });

describe('the command line by itself', () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('lists every command with --help, and each has its own', async () => {
    const help = await rowproof('--help');
    expect([help.code, help.stderr]).toEqual([0, '']);
    const commands =
      'init check plan preview run status watch pause resume approve decide resolve abort rollback finish quarantine report worker dev demo doctor errors completion';
    for (const command of commands.split(' ')) expect(help.stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    const run = await rowproof('run', '--help');
    expect(run.stdout).toContain('--only');
    expect(run.code).toBe(0);
  });

  it('answers unknown commands, options and formats on stderr with exit code 2', async () => {
    for (const args of [['nonsense'], ['run', '--nonsense', 'x'], ['status', '--output', 'xml'], ['approve', 'copy']]) {
      const result = await rowproof(...args);
      expect([args, result.code, result.stdout]).toEqual([args, 2, '']);
      expect(result.stderr).toMatch(/error: /);
    }
  });

  it('explains an error code, in any case, and lists them all', async () => {
    const one = await rowproof('errors', 'rp3001');
    expect([one.code, one.stdout]).toEqual([0, expect.stringMatching(/RP3001 {2}Connection refused\n {2}why/)]);
    const all = await rowproof('errors', '--output', 'json');
    expect(Object.keys(JSON.parse(all.stdout) as object)).toEqual(
      expect.arrayContaining(['RP1001', 'RP4001', 'RP9001']),
    );
    const none = await rowproof('errors', 'RP0000');
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('RP9001')]);
  });

  it('prints completion scripts that name the commands', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout } = await rowproof('completion', shell);
      expect([shell, code]).toEqual([shell, 0]);
      expect(stdout).toContain('rollback');
    }
    const parsed = await runCommand('bash', ['-n'], { input: (await rowproof('completion', 'bash')).stdout });
    expect([parsed.code, parsed.stderr]).toEqual([0, '']);
  });

  it('says what a command needs that no run was started for', async () => {
    const status = await rowproof('status');
    expect([status.code, status.stdout]).toEqual([4, '']);
    expect(status.stderr).toMatch(/No run was started from this folder[\s\S]*why[\s\S]*fix[\s\S]*RP4011/);
    const missing = await rowproof('check', 'no-such.yaml');
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('RP1001')]);
    const json = await rowproof('check', 'no-such.yaml', '--output', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { problems: [{ code: 'RP1001' }] } });
  });

  it('looks at the machine with doctor and changes nothing', async () => {
    const doctor = await rowproof('doctor', '--output', 'json');
    const { findings } = JSON.parse(doctor.stdout) as { findings: { subject: string; ok: boolean }[] };
    expect(findings.map(({ subject }) => subject)).toEqual(['node', 'postgres', 'temporal']);
    expect(findings[0]?.ok).toBe(true);
  });
});
