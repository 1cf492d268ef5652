import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from './build.mjs';
import { ensureModules, root, say } from './bootstrap.mjs';

// Defaults are shown as they are without an environment of one's own.
delete process.env.ROWPROOF_TASK_QUEUE;
await ensureModules();
if (!(await build())) process.exit(1);

const load = createRequire(join(root, 'dist', 'src', 'cli', 'main.js'));
const { describeErrors } = load('../errors/describe-errors');
const { describeTransforms } = load('../transform/describe-transforms');
const { planJsonSchema } = load('../plan/json-schema');
const { createProgram } = load('./program');
const { describeProgram } = load('./screen/describe-program');

write('schema/plan.schema.json', `${JSON.stringify(planJsonSchema(), null, 2)}\n`);
write('docs/errors.md', describeErrors());
write('docs/cli.md', describeProgram(createProgram(async () => undefined)));
write('docs/transforms.md', between('docs/transforms.md', 'transforms', describeTransforms()));

/** A page that people wrote, with its generated part replaced. */
function between(path, name, text) {
  const page = readFileSync(join(root, path), 'utf8');
  const part = new RegExp(`(<!-- generated: ${name} -->\n\n)[\\s\\S]*?(\n<!-- end -->)`);
  if (!part.test(page)) throw new Error(`${path} has no generated part "${name}"`);
  return page.replace(part, (_, start, end) => `${start}${text}${end}`);
}

function write(path, text) {
  const file = join(root, path);
  let before = null;
  try {
    before = readFileSync(file, 'utf8');
  } catch {
    // it is new
  }
  if (before === text) return;
  writeFileSync(file, text);
  say(`Wrote ${path}.`);
}
