import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import { parsePlan } from '../../src/plan/parse-plan';
import { runCommand } from '../support/command';

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: unknown;
  readonly ports?: readonly string[];
  readonly restart?: string;
}

const root = join(__dirname, '..', '..');
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const { services } = parse(text, { merge: true }) as { services: Readonly<Record<string, Service>> };
const all = Object.entries(services);

describe('docker-compose.yml', () => {
  it('has Temporal on PostgreSQL, its UI, two workers, a source and a target', () => {
    expect(Object.keys(services)).toEqual(
      expect.arrayContaining(['temporal', 'temporal-database', 'temporal-ui', 'source', 'target']),
    );
    expect(Object.keys(services).filter((name) => name.startsWith('worker-'))).toHaveLength(2);
    expect(services['temporal']?.environment).toMatchObject({ DB: 'postgres12', POSTGRES_SEEDS: 'temporal-database' });
  });

  it.each(all)('pins the version of %s', (_name, { image }) => {
    expect(image).toMatch(/^[\w./-]+:\d+\.\d+(\.\d+)?(-\w+)?$/);
  });

  it.each(all.filter(([, { restart }]) => restart !== undefined))('checks the health of %s', (_name, service) => {
    expect(service.healthcheck).toBeDefined();
  });

  it('has no secret: every password is a variable that must be set', () => {
    const secrets = all.flatMap(([, { environment = {} }]) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|PWD|URL|SECRET|TOKEN|KEY/.test(name)),
    );
    expect(secrets.length).toBeGreaterThan(8);
    for (const [name, value] of secrets) {
      expect(`${name}=${value}`).toMatch(/^\w+=(postgres:\/\/\w+:)?\$\{\w+:\?[^}]+\}(@\w+:5432\/\w+)?$/);
    }
  });

  it('publishes on the loopback address only', () => {
    const ports = all.flatMap(([, service]) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('builds from versions that are pinned, for a user that is not root', () => {
    const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(bases.length).toBe(2);
    for (const base of bases) expect(base).toMatch(/:\d+\.\d+\.\d+-/);
    expect(dockerfile).toMatch(/^USER (?!root)/m);
  });
});

describe('the example plan of the containers', () => {
  it('is a plan without a problem, named as the documents say', () => {
    const { plan, problems } = parsePlan(readFileSync(join(root, 'docker', 'plans', 'shop.yaml'), 'utf8'), 'shop.yaml');
    expect(problems).toEqual([]);
    expect(plan?.name).toBe('shop');
  });
});

const compose = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'docker-compose'))
  .find((file) => existsSync(file));
if (compose === undefined) process.stderr.write('docker-compose is not installed: its own check is skipped\n');

(compose === undefined ? describe.skip : describe)('docker-compose itself', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rowproof-compose-'));
  const file = join(folder, '.env');
  const config = (...before: string[]): ReturnType<typeof runCommand> =>
    runCommand(compose as string, [...before, '-f', join(root, 'docker-compose.yml'), 'config'], { cwd: folder });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('refuses to start without passwords and names the remedy', async () => {
    const { code, stderr } = await config();
    expect(code).not.toBe(0);
    expect(stderr).toContain('write-env.mjs');
  });

  it('accepts the file with the passwords that our script writes, once', async () => {
    const script = join(root, 'docker', 'write-env.mjs');
    expect((await runCommand(process.execPath, [script, file])).code).toBe(0);
    const written = readFileSync(file, 'utf8');
    expect(statSync(file).mode & 0o077).toBe(0);
    expect((await runCommand(process.execPath, [script, file])).stderr).toContain('stays as it is');
    expect(readFileSync(file, 'utf8')).toBe(written);

    const { code, stdout, stderr } = await config('--env-file', file);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(Object.keys((parse(stdout) as { services: object }).services).sort()).toEqual(Object.keys(services).sort());
  });
});
