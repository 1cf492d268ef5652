import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** The arrows of docs/architecture.md, as test/unit/architecture.test.ts has them. */
const arrows = JSON.parse(readFileSync(new URL('test/support/arrows.json', import.meta.url), 'utf8'));
const layers = Object.keys(arrows.layers);
const outside = ['activities', 'workflows', 'test'];

/** Files of a layer. */
const filesOf = (layer) => {
  if (layer === 'pure') return `src/{${arrows.pure}}/**/*.ts`;
  return outside.includes(layer) ? `${layer}/**/*.ts` : `src/${layer}/**/*.ts`;
};

/** What a layer may not import, as patterns of specifiers. */
function restrictions(layer) {
  const types = arrows.typesOnly[layer] ?? [];
  const patterns = layers
    .filter((other) => other !== layer && other !== 'pure' && !arrows.layers[layer].includes(other))
    .map((other) => ({
      group: [`**/${other}/**`, `**/${other}`],
      message: `Arrows point the other way (${layer} -> ${other}).`,
      ...(types.includes(other) ? { allowTypeImports: true } : {}),
    }));
  if (!arrows.postgresClient.includes(layer))
    patterns.push({ group: ['pg', 'pg-*'], message: 'Only src/postgres talks to PostgreSQL.' });
  if (!arrows.temporal.includes(layer))
    patterns.push({ group: ['@temporalio/*'], message: 'Nothing of Temporal here.' });
  if (arrows.noNode.includes(layer))
    patterns.push({ group: ['node:*', ...builtinModules], message: 'No Node built-ins here.' });
  return patterns;
}

const zone = (patterns) => ({ '@typescript-eslint/no-restricted-imports': ['error', { patterns }] });

/** A phase of the engine beside the arrows of its layer: files right in its folder, and one folder below. */
function phaseZones(phase) {
  const others = Object.keys(arrows.phases).filter((one) => one !== phase && !arrows.phases[phase].includes(one));
  return ['', '*/'].map((below) => {
    const group = others.map((one) => `${below === '' ? '..' : '../..'}/${one}/**`);
    const patterns = [
      ...restrictions('engine'),
      { group, message: `No arrow of the engine from ${phase} goes there.` },
    ];
    return { files: [`src/engine/${phase}/${below}*.ts`], rules: zone(patterns) };
  });
}

const clock = [
  { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: 'No clock here.' },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'No clock here.' },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'No chance here.' },
  { selector: "MemberExpression[object.name='process']", message: 'No process here.' },
];

export default tseslint.config(
  { ignores: ['dist/**', 'dist-next-*/**', 'node_modules/**', 'coverage/**', 'rowproof/**'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  ...layers.map((layer) => ({ files: [filesOf(layer)], rules: zone(restrictions(layer)) })),
  ...Object.keys(arrows.phases).flatMap(phaseZones),
  { files: [filesOf('pure')], rules: { 'no-restricted-syntax': ['error', ...clock] } },
  {
    files: [filesOf('workflows')],
    rules: { 'no-restricted-syntax': ['error', ...clock.slice(0, 1), ...clock.slice(3)] },
  },
  { files: ['**/*.js'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  prettier,
);
