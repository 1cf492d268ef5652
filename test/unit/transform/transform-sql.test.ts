import type { Json } from '../../../src/contract/resolved-plan';
import { parseStep } from '../../../src/transform/registry';

function sqlOf(name: string, args: Json, encoding = 'UTF8'): { value: string; failed: string | null } {
  const step = parseStep({ name, args });
  if ('problem' in step) throw new Error(step.problem);
  return step.transform.toSql(['v'], step.args, { encoding, sha256: (bytes) => bytes });
}

describe('the SQL of a transform', () => {
  it('states collation "C" wherever text is compared', () => {
    expect(sqlOf('null_if', ['', "it's"])).toEqual({
      value: `nullif(nullif((v) COLLATE "C", ''), 'it''s')`,
      failed: null,
    });
    expect(sqlOf('map', { A: 'a' })).toEqual({
      value: `(CASE (v) COLLATE "C" WHEN 'A' THEN 'a' ELSE NULL END)::text`,
      failed: `((v) IS NOT NULL AND NOT coalesce((v) COLLATE "C" IN ('A'), false))`,
    });
  });

  it('guards every cast by CASE', () => {
    expect(sqlOf('round', 2).value).toMatch(/^CASE WHEN \(length.* THEN round\(\(v\)::numeric, 2\)::text END$/);
  });

  it('reads a date by its shape alone, without a regular expression', () => {
    expect(sqlOf('parse_date', 'YYYY-MM-DD').value).toContain(
      `CASE translate((v) COLLATE "C", '012345678', '999999999') WHEN '9999-99-99' THEN`,
    );
    expect(sqlOf('parse_date', 'YYYY-MM-DD').value).not.toContain('~');
  });

  it('sends no character that the encoding of the source lacks', () => {
    expect(sqlOf('trim', null, 'LATIN1').value).toBe(`btrim((v) COLLATE "C", '\t\n\v\f\r \u00a0')`);
    expect(sqlOf('lower', null, 'SQL_ASCII').value).toBe('lower((v) COLLATE "C")');
    expect(sqlOf('null_if', ['✓', 'x'], 'LATIN1').value).toBe(`nullif((v) COLLATE "C", 'x')`);
    expect(sqlOf('parse_date', ['YYYY"年"MM"月"DD', 'YYYY-MM-DD'], 'LATIN1').value).not.toContain('年');
  });
});
