import { parsePlan } from '../../../src/plan/parse-plan';
import { crmPlan } from './crm-plan';

const head = 'version: 1\nname: p\nsources: { old: "${OLD}" }\ntarget: "${NEW}"\n';

/** `CODE line:column` of every problem. */
function places(text: string): string[] {
  return parsePlan(text, 'p.yaml').problems.map(({ code, where }) => `${code} ${where?.line}:${where?.column}`);
}

function table(body: string): string {
  return `${head}tables:\n  s.t:\n    from: o.t\n${body.replace(/^(?=.)/gm, '    ')}`;
}

function problems(text: string) {
  return parsePlan(text, 'p.yaml').problems;
}

describe('a plan file', () => {
  it('is read without a problem when it is the documented one', () => {
    const { plan, problems: found } = parsePlan(crmPlan, 'crm.yaml');
    expect(found).toEqual([]);
    expect(plan?.tables['crm.customer']?.where).toBe("del_flag is distinct from 'Y'");
  });

  it('answers keys of later versions as not in this version', () => {
    const text = crmPlan
      .replace('capture: none', 'capture: timestamp')
      .replace('    ignore: [', '    dedupe: { match: [email], keep: latest, by: upd_ts }\n    ignore: [')
      .replace('when_not_empty: refuse ', 'when_not_empty: append ');
    expect(places(text)).toEqual(['RP1010 6:1', 'RP1010 14:5', 'RP1010 28:5']);
  });

  it('reports every problem at once, in the order of the file, and stays null', () => {
    const text = [
      'version: 2',
      'name: Crm',
      'sources: { old: { urll: "${OLD}" } }',
      'target: "postgres://me:hunter2@host/db"',
      'tables:',
      '  s.t:',
      '    from: o.t',
      '    where: created < now()',
      '    columns:',
      '      a: { from: x, steps: [trimm] }',
      '      b: 5',
      '      b: y',
      '      c: { from: z, value: z }',
      '      d: { from: z, ref: s.nowhere }',
      '    when_not_empty: replce',
    ].join('\n');
    expect(places(text)).toEqual([
      'RP1004 1:10',
      'RP1004 2:7',
      'RP1003 3:19',
      'RP1011 4:1',
      'RP1014 8:5',
      'RP1012 10:29',
      'RP1007 12:7',
      'RP1019 13:7',
      'RP1017 14:21',
      'RP1004 15:21',
    ]);
    expect(parsePlan(text, 'p.yaml').plan).toBeNull();
    expect(JSON.stringify(problems(text))).not.toContain('hunter2');
  });

  it('suggests the nearest key, value and transform', () => {
    const found = problems(table('colums: {}\non_bad_row: quarantin\ncolumns: { a: { from: x, steps: [trimm] } }\n'));
    expect(found.map((one) => `${one.what} ${one.fix}`).join('\n')).toMatch(/columns[^]*quarantine[^]*trim/);
  });

  it('keeps keys and arguments as text: 1, 010, no, null and dates', () => {
    const { plan, problems: found } = parsePlan(
      table(
        'columns:\n  "1": 007\n  no: yes\n  null: true\n  a: { from: x, steps: [{ map: { 1: one, 010: no, no: 1.50, null: 2020-01-01, x: null } }, { null_if: [0, 1e3] }, { round: 2 }] }\n  c: { value: 010 }\n  d: { value: null }\n',
      ),
      'p.yaml',
    );
    expect(found).toEqual([]);
    const columns = plan?.tables['s.t']?.columns as Record<string, unknown>;
    expect(columns).toEqual({
      '1': '007',
      no: 'yes',
      null: 'true',
      a: {
        from: 'x',
        steps: [
          { map: { 1: 'one', '010': 'no', no: '1.50', null: '2020-01-01', x: null } },
          { null_if: ['0', '1e3'] },
          { round: '2' },
        ],
      },
      c: { value: '010' },
      d: { value: null },
    });
  });

  it.each([
    ['an empty file', '', 'RP1002 1:1'],
    ['only comments', '# nothing\n', 'RP1002 1:1'],
    ['a list', '- a\n', 'RP1002 1:1'],
    ['plain text', 'hello\n', 'RP1002 1:1'],
    ['a tab', 'version: 1\nname:\n\tx: 1\n', 'RP1002 3:1'],
    ['an open quote', 'version: 1\nname: "x\n', 'RP1002 3:1'],
    ['several documents', 'version: 1\n---\nversion: 1\n', 'RP1002 2:1'],
    ['a duplicate key', `${head}name: q\ntables: { s.t: { from: o.t, columns: "*" } }\n`, 'RP1006 5:1'],
    [
      'an alias',
      `${head}tables: { s.t: { from: &f o.t, columns: "*" }, s.u: { from: *f, columns: "*" } }\n`,
      'RP1023 5:27',
    ],
    ['a merge key', `${head}tables: { s.t: { <<: x, from: o.t, columns: "*" } }\n`, 'RP1023 5:18'],
    ['a tag', `${head}tables: { s.t: { from: !!str o.t, columns: "*" } }\n`, 'RP1023 5:30'],
    ['a NUL', `${head}tables: { s.t: { from: o.t, columns: { a: { value: "x\\0" } } } }\n`, 'RP1004 5:52'],
  ])('refuses %s at its place', (_, text, first) => {
    expect(places(text)[0]).toBe(first);
    expect(parsePlan(text, 'p.yaml').plan).toBeNull();
  });

  it('does not repeat the text of the file in a syntax error', () => {
    const found = problems('version: 1\nsources: { old: { url: "postgres://u:hunter2@h/d" } \nname: [x\n');
    expect(found.length).toBeGreaterThan(0);
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  it('takes Windows line ends and a byte order mark', () => {
    expect(problems(`\ufeff${crmPlan.replaceAll('\n', '\r\n')}`)).toEqual([]);
  });

  it.each([
    [
      'two spellings of one target table',
      `${head}tables:\n  s.t: { from: o.t, columns: "*" }\n  'd."t"': { from: o.t, columns: "*" }\n  d.t: { from: o.u, columns: "*" }\n`,
      'RP1008 8:3',
    ],
    ['one column twice', table('columns:\n  a: x\n  a: y\n'), 'RP1007 10:7'],
    ['a column that also takes the id', table('id: { keep: x, column: a }\ncolumns: { a: y }\n'), 'RP1007 9:16'],
    ['a column mapped and ignored', table('ignore: [x]\ncolumns: { a: x }\n'), 'RP1018 8:14'],
    [
      'concat after the first step',
      table('columns: { a: { from: x, steps: [trim, { concat: " " }] } }\n'),
      'RP1013 8:46',
    ],
    ['several columns without concat', table('columns: { a: { from: [x, y], steps: [trim] } }\n'), 'RP1019 8:35'],
    ['wrong arguments of a transform', table('columns: { a: { from: x, steps: [{ round: lots }] } }\n'), 'RP1013 8:40'],
    [
      'a reference without an id to follow',
      `${table('columns: { a: { from: x, ref: s.u } }\n')}  s.u: { from: o.u, columns: { a: y } }\n`,
      'RP1017 8:30',
    ],
    ['an id of two kinds', table('id: { keep: x, uuid_from: y }\ncolumns: "*"\n'), 'RP1019 8:5'],
    ['a table without schema', `${head}tables: { t: { from: o.t, columns: "*" } }\n`, 'RP1021 5:11'],
    ['an unknown source', table('source: lod\ncolumns: "*"\n'), 'RP1022 8:5'],
    ['a pattern with another number of stars', `${head}tables: { "s.*": { from: o.t } }\n`, 'RP1020 5:20'],
    [
      'a spot check outside the folder',
      `${table('columns: "*"\n')}spot_checks: { a: { table: s.t, file: ../x.csv } }\n`,
      'RP1004 9:33',
    ],
    ['a limit above 100 %', table('columns: "*"\nmax_bad_rows: 120%\n'), 'RP1004 9:5'],
    ['null as a source column', table('columns: { a: null }\n'), 'RP1004 8:19'],
    [
      'a decision without a reason',
      `${table('columns: "*"\n')}decisions: { t.a.orphan: { do: stop, by: me } }\n`,
      'RP1005 9:14',
    ],
  ])('refuses %s', (_, text, first) => {
    expect(places(text)).toEqual([first]);
  });

  it('asks which source a table reads when there are several', () => {
    expect(places(table('columns: "*"\n').replace('{ old: "${OLD}" }', '{ old: "${OLD}", two: "${TWO}" }'))).toEqual([
      'RP1022 6:3',
    ]);
  });

  it('refuses a circle of references without any id, and allows one whose tables have ids', () => {
    const circle = (id: string) =>
      `${head}tables:\n  s.a: { from: o.a, ${id}columns: { b: { from: b, ref: s.b } } }\n  s.b: { from: o.b, ${id}columns: { c: { from: c, ref: s.c } } }\n  s.c: { from: o.c, ${id}columns: { a: { from: a, ref: s.a } } }\n`;
    expect(places(circle(''))).toEqual(['RP1009 6:46']);
    expect(places(circle('id: { keep: k }, '))).toEqual([]);
  });

  it('allows a table that refers to itself', () => {
    expect(places(table('id: { uuid_from: x }\ncolumns: { parent: { from: p, ref: s.t } }\n'))).toEqual([]);
  });

  it.each([
    'postgres://u:secret@h/d',
    'postgres://u:se${A}cret@h/d',
    'postgres://h/d?user=u&password=secret',
    'host=h password=secret',
  ])('refuses the literal password in %s', (url) => {
    expect(places(table('columns: "*"\n').replace('${NEW}', url))[0]).toBe('RP1011 4:1');
  });

  it.each([
    '${NEW}',
    'postgres://u:${PW}@h/d',
    'postgresql://u@h:5432/d?sslmode=require',
    'postgres://${U}:${PW}@${H}/d',
  ])('takes the url %s', (url) => {
    expect(places(table('columns: "*"\n').replace('${NEW}', url))).toEqual([]);
  });

  it('finds the place of a path, of its longest known part otherwise', () => {
    const { locate } = parsePlan(crmPlan, 'crm.yaml');
    expect(locate(['tables', 'crm.customer', 'columns', 'email'])).toEqual({ file: 'crm.yaml', line: 18, column: 7 });
    expect(locate(['tables', 'crm.customer', 'nothing'])).toEqual({ file: 'crm.yaml', line: 10, column: 3 });
  });

  it('does not report as missing what another problem already names, and keeps the places of later steps', () => {
    expect(
      places(table('id: { offset: { from: a, by: x } }\ncolumns: { a: { from: [x, y], steps: [[], trimm] } }\n')),
    ).toEqual(['RP1004 8:34', 'RP1004 9:43', 'RP1012 9:47']);
  });

  it('finds the place of a table that the plan quotes or brings by a pattern', () => {
    const text = `${head}tables:\n  's."a.b"': { from: o.t, columns: { x: y } }\n  "crm.c*": { from: "public.c*" }\n`;
    const { locate } = parsePlan(text, 'p.yaml');
    expect(locate(['tables', 's.a.b', 'columns', 'x'])).toEqual({ file: 'p.yaml', line: 6, column: 38 });
    expect(locate(['tables', 'crm.city', 'columns', 'x'])).toEqual({ file: 'p.yaml', line: 7, column: 3 });
    expect(locate(['tables', 'crm.town'])).toEqual({ file: 'p.yaml', line: 5, column: 1 });
  });

  it('names a rule that nobody knows', () => {
    const text = table('columns: { a: a }\nrules: { a: [not_nul, { max_length: x }] }\n');
    expect(problems(text).map(({ code }) => code)).toEqual(['RP1024', 'RP1024']);
  });
});
