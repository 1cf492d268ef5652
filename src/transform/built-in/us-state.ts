import { z } from 'zod';
import { isOneOf, plain, presentBut } from '../sql-text';
import { literal } from '../../sql/quote';
import type { Transform } from '../transform';

/** USPS codes: states, DC, territories, associated states and military addresses. */
// prettier-ignore
const states: readonly (readonly [code: string, name: string])[] = [
  ['AL', 'Alabama'], ['AK', 'Alaska'], ['AZ', 'Arizona'], ['AR', 'Arkansas'], ['CA', 'California'], ['CO', 'Colorado'],
  ['CT', 'Connecticut'], ['DE', 'Delaware'], ['DC', 'District of Columbia'], ['FL', 'Florida'], ['GA', 'Georgia'],
  ['HI', 'Hawaii'], ['ID', 'Idaho'], ['IL', 'Illinois'], ['IN', 'Indiana'], ['IA', 'Iowa'], ['KS', 'Kansas'],
  ['KY', 'Kentucky'], ['LA', 'Louisiana'], ['ME', 'Maine'], ['MD', 'Maryland'], ['MA', 'Massachusetts'], ['MI', 'Michigan'],
  ['MN', 'Minnesota'], ['MS', 'Mississippi'], ['MO', 'Missouri'], ['MT', 'Montana'], ['NE', 'Nebraska'], ['NV', 'Nevada'],
  ['NH', 'New Hampshire'], ['NJ', 'New Jersey'], ['NM', 'New Mexico'], ['NY', 'New York'], ['NC', 'North Carolina'],
  ['ND', 'North Dakota'], ['OH', 'Ohio'], ['OK', 'Oklahoma'], ['OR', 'Oregon'], ['PA', 'Pennsylvania'],
  ['RI', 'Rhode Island'], ['SC', 'South Carolina'], ['SD', 'South Dakota'], ['TN', 'Tennessee'], ['TX', 'Texas'],
  ['UT', 'Utah'], ['VT', 'Vermont'], ['VA', 'Virginia'], ['WA', 'Washington'], ['WV', 'West Virginia'],
  ['WI', 'Wisconsin'], ['WY', 'Wyoming'], ['AS', 'American Samoa'], ['GU', 'Guam'], ['MP', 'Northern Mariana Islands'],
  ['PR', 'Puerto Rico'], ['VI', 'U.S. Virgin Islands'], ['VI', 'Virgin Islands'], ['FM', 'Federated States of Micronesia'],
  ['MH', 'Marshall Islands'], ['PW', 'Palau'], ['AA', 'Armed Forces Americas'], ['AE', 'Armed Forces Europe'],
  ['AP', 'Armed Forces Pacific'],
];

interface UsState {
  readonly to: 'code' | 'name';
}

const codes = new Map<string, string>();
const names = new Map<string, string>();
for (const [code, name] of states) {
  codes.set(code, code).set(name.toUpperCase(), code);
  if (!names.has(code)) names.set(code, name);
}

function asciiUpper(value: string): string {
  return value.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

export const usState: Transform<UsState> = {
  name: 'us_state',
  description:
    'The two-letter USPS code of a US state or territory given by code or English name, in any case: `us_state`; the name with `us_state: name`. Anything else is a bad row.',
  args: z.union([
    z.null().transform(() => ({ to: 'code' as const })),
    z.enum(['code', 'name'], { error: 'expected code or name' }).transform((to) => ({ to })),
  ]),
  inputs: 'one',
  reason: 'unknown_state',
  repeatsInput: true,
  toSql: ([input], { to }) => {
    const key = `upper(${plain(input as string)})`;
    const output = (code: string) => literal(to === 'code' ? code : (names.get(code) as string));
    const branches = [...codes].map(([word, code]) => `WHEN ${literal(word)} THEN ${output(code)}`).join(' ');
    return {
      value: `(CASE ${key} ${branches} END)::text`,
      failed: presentBut(input as string, isOneOf(key, [...codes.keys()])),
    };
  },
  apply: ([input], { to }) => {
    if (input === null || input === undefined) return { value: null };
    const code = codes.get(asciiUpper(input));
    if (code === undefined) return { failed: true };
    return { value: to === 'code' ? code : (names.get(code) as string) };
  },
};
