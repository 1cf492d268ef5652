import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { planJsonSchema } from '../../../src/plan/json-schema';
import { plainScalar } from '../../../src/plan/yaml-scalar';

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly description?: string;
  readonly enum?: readonly string[];
}

/** Every object of the schema with fixed keys, with its place. */
function objects(schema: Schema, place: string): [string, Schema][] {
  const inner = [
    ...Object.entries(schema.properties ?? {}).map(([key, one]) => [one, `${place}.${key}`] as const),
    ...(schema.anyOf ?? []).map((one) => [one, place] as const),
    ...(schema.items === undefined ? [] : [[schema.items, `${place}[]`] as const]),
    ...(typeof schema.additionalProperties === 'object' && schema.additionalProperties !== null
      ? [[schema.additionalProperties as Schema, `${place}.*`] as const]
      : []),
  ];
  return [
    ...(schema.properties === undefined ? [] : [[place, schema] as [string, Schema]]),
    ...inner.flatMap(([one, at]) => objects(one, at)),
  ];
}

/** Paths of everything that is true, false or a number, `x` for names of the plan's own. */
function scalars(schema: Schema, path: readonly string[] = []): [string, string[]][] {
  const { type, properties = {}, anyOf = [], additionalProperties: more } = schema;
  const own: [string, string[]][] =
    type === 'boolean' || type === 'integer' || type === 'number' ? [[type, [...path]]] : [];
  return [
    ...own,
    ...Object.entries(properties).flatMap(([key, one]) => scalars(one, [...path, key])),
    ...anyOf.flatMap((one) => scalars(one, path)),
    ...(typeof more === 'object' && more !== null ? scalars(more, [...path, 'x']) : []),
  ];
}

describe('the JSON Schema of a plan', () => {
  const schema = JSON.parse(JSON.stringify(planJsonSchema())) as Schema;

  it('is the committed schema/plan.schema.json', () => {
    const committed: unknown = JSON.parse(readFileSync(join(__dirname, '../../../schema/plan.schema.json'), 'utf8'));
    expect(committed).toEqual(schema);
  });

  it('describes every key and allows no unknown ones', () => {
    const all = objects(schema, 'plan');
    expect(all.length).toBeGreaterThan(12);
    for (const [place, object] of all) {
      expect([place, object.additionalProperties]).toEqual([place, false]);
      for (const [key, property] of Object.entries(object.properties ?? {}))
        expect([`${place}.${key}`, typeof property.description]).toEqual([`${place}.${key}`, 'string']);
    }
  });

  it('has nothing that is true, false or a number and cannot be written so in YAML, without quotes', () => {
    const found = scalars(schema);
    expect(found.filter(([type]) => type === 'boolean').length).toBeGreaterThan(2);
    for (const [type, path] of found) {
      const [text, value] = type === 'boolean' ? ['true', true] : ['7', 7];
      expect([path.join('.'), plainScalar(text, path)]).toEqual([path.join('.'), value]);
    }
  });

  it('completes the names of transforms and rules', () => {
    const text = JSON.stringify(schema);
    expect(text).toContain('"collapse_whitespace"');
    expect(text).toContain('"not_null"');
  });
});
