import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

const pure =
  'contract,errors,sql,plan,profile,transform,compile,copy,settle,validate,rollback,evidence,progress,report,demo,orchestration';
const database = { group: ['pg', 'pg-*'], message: 'Only src/postgres talks to PostgreSQL.' };
const node = { group: ['node:*', 'fs', 'path', 'crypto', 'os'], message: 'Pure code has no Node built-ins.' };
const entries = { group: ['**/cli/**', '**/worker/**', '**/dev/**'], message: 'Arrows point the other way.' };
const activities = {
  group: ['**/activities/**', '**/activities'],
  message: 'Arrows point the other way; workflows take the types only.',
  allowTypeImports: true,
};
const postgres = { group: ['**/postgres/**'], message: 'Arrows point the other way.' };

const zone = (...patterns) => ({ '@typescript-eslint/no-restricted-imports': ['error', { patterns }] });

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
  {
    files: [`src/{${pure}}/**/*.ts`],
    rules: { ...zone(database, node, entries, activities, postgres), 'no-restricted-syntax': ['error', ...clock] },
  },
  { files: ['src/postgres/**/*.ts'], rules: zone(entries, activities) },
  { files: ['activities/**/*.ts'], rules: zone(database, entries) },
  { files: ['src/{cli,worker,dev}/**/*.ts'], rules: zone(database) },
  {
    files: ['workflows/**/*.ts'],
    rules: {
      ...zone(database, node, entries, activities, postgres),
      'no-restricted-syntax': ['error', ...clock.slice(0, 1), ...clock.slice(3)],
    },
  },
  { files: ['**/*.js'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  prettier,
);
