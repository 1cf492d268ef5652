import { z } from 'zod';
import { columnObject, stepDocument } from '../contract/plan-column';
import { planFile } from '../contract/plan-file';
import { ruleDocument } from '../contract/plan-table';
import { transforms } from '../transform/registry';
import { rules } from '../validate/rules/registry';

/** A step or rule for editors: its names complete, its description shows. */
function named(
  description: string | undefined,
  known: readonly { readonly name: string; readonly description: string }[],
): Record<string, unknown> {
  return {
    description,
    anyOf: [
      { type: 'string', enum: known.map((one) => one.name) },
      {
        type: 'object',
        minProperties: 1,
        maxProperties: 1,
        additionalProperties: false,
        properties: Object.fromEntries(known.map((one) => [one.name, { description: one.description }])),
      },
    ],
  };
}

/**
 * JSON Schema (draft 7) of the plan file, for editors with yaml-language-server. It is a little wider than the parser
 * where an editor reads unquoted text as a number, and does not know what only `rowproof check` can know.
 */
export function planJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(planFile, {
    target: 'draft-7',
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const replace = (by: Record<string, unknown>): void => {
        for (const key of Object.keys(jsonSchema)) delete (jsonSchema as Record<string, unknown>)[key];
        Object.assign(jsonSchema, by);
      };
      if ((zodSchema as unknown) === stepDocument) replace(named(stepDocument.description, [...transforms.values()]));
      if ((zodSchema as unknown) === ruleDocument) replace(named(ruleDocument.description, rules));
      if ((zodSchema as unknown) === columnObject) {
        const { value } = jsonSchema.properties as Record<string, Record<string, unknown>>;
        if (value !== undefined) {
          delete value['anyOf'];
          value['type'] = ['string', 'number', 'boolean', 'null'];
        }
      }
    },
  });
  return { title: 'rowproof plan', ...schema };
}
