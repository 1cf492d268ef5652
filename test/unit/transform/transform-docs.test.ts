import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeTransforms } from '../../../src/transform/describe-transforms';

it('docs/transforms.md holds the generated reference of the built-in transforms', () => {
  const page = readFileSync(join(__dirname, '../../../docs/transforms.md'), 'utf8');
  const generated = /<!-- generated: transforms -->\n\n([\s\S]*?)\n<!-- end -->/.exec(page)?.[1];
  expect(generated).toBe(describeTransforms());
});
