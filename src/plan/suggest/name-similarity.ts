import { distance } from '../check/nearest';

/** Words that legacy schemas shorten, by their short form. */
const abbreviations: Readonly<Record<string, string>> = {
  acct: 'account', addr: 'address', adr: 'address', amt: 'amount', art: 'article', bal: 'balance', bday: 'birthday',
  cat: 'category', cd: 'code', chg: 'change', cmt: 'comment', co: 'company', cnt: 'count', ctry: 'country', cust: 'customer',
  crt: 'created', cre: 'created', curr: 'currency', cur: 'currency', del: 'deleted', dept: 'department', desc: 'description',
  descr: 'description', dob: 'birthday', doc: 'document', dt: 'date', emp: 'employee', fk: 'id', fn: 'firstname',
  fname: 'firstname', flg: 'flag', grp: 'group', hdr: 'header', ident: 'id', img: 'image', inv: 'invoice', itm: 'item',
  lang: 'language', ln: 'lastname', lname: 'lastname', loc: 'location', mgr: 'manager', mod: 'modified', msg: 'message',
  nbr: 'number', nm: 'name', no: 'number', nr: 'number', num: 'number', ord: 'order', org: 'organization', pct: 'percent',
  ph: 'phone', pmt: 'payment', pos: 'position', prc: 'price', prd: 'product', prod: 'product', pwd: 'password', qty: 'quantity',
  qt: 'quantity', ref: 'reference', reg: 'region', seq: 'sequence', sku: 'sku', src: 'source', st: 'status', stat: 'status',
  sts: 'status', sub: 'subtotal', svc: 'service', tel: 'phone', telephone: 'phone', tm: 'time', tot: 'total', ts: 'timestamp',
  txt: 'text', typ: 'type', upd: 'updated', usr: 'user', val: 'value', vend: 'vendor', yr: 'year', zip: 'postcode',
  zipcode: 'postcode', postalcode: 'postcode', plz: 'postcode', mail: 'email', signup: 'signup',
}; // prettier-ignore

/** What a table name says about storage and not about its content. */
const noise = new Set(['tbl', 'tab', 'tb', 't', 'tabl', 'table', 'data', 'master', 'mst', 'legacy', 'old', 'new']);

/** The meaningful words of a name: split, lower-case, abbreviations spelled out, singular, storage prefixes dropped. */
export function wordsOf(name: string): string[] {
  const parts = name
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== '');
  const joined = parts
    .join(' ')
    .replace(/\be mail\b/g, 'email')
    .replace(/\bfirst name\b/g, 'firstname')
    .replace(/\b(last|sur|family) ?name\b/g, 'lastname')
    .replace(/\b(post(al)?|zip) code\b/g, 'postcode')
    .replace(/\bsigned up\b|\bsign up\b/g, 'signup')
    .split(' ');
  const words = joined.map((word) =>
    singular(Object.hasOwn(abbreviations, word) ? (abbreviations[word] as string) : word),
  );
  const meaningful = words.filter((word) => !noise.has(word));
  return meaningful.length === 0 ? words : meaningful;
}

function singular(word: string): string {
  if (word.length <= 3 || /(ss|us|is)$/.test(word)) return word;
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  return /(x|ch|sh|ss)es$/.test(word) ? word.slice(0, -2) : word.replace(/s$/, '');
}

/** How alike two words are, 0 to 1: equal, one shortens the other, or a few letters apart. */
function wordSimilarity(a: string, b: string): number {
  if (a === b) return 1;
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (short.length >= 3 && long.startsWith(short)) return 0.85;
  if (short.length >= 2 && short[0] === long[0] && isSubsequence(short, long)) return short.length >= 3 ? 0.6 : 0.4;
  const apart = distance(a, b);
  return apart <= Math.floor(long.length / 4) ? 0.8 : 0;
}

function isSubsequence(short: string, long: string): boolean {
  let at = 0;
  for (const letter of long) if (letter === short[at]) at += 1;
  return at === short.length;
}

/** Words that say little by themselves: they count half. */
const weak = new Set([
  'id',
  'number',
  'date',
  'on',
  'at',
  'code',
  'key',
  'name',
  'timestamp',
  'flag',
  'is',
  'full',
  'text',
  'value',
]);

/** How alike two names are, 0 to 1. `context` are words that both sides may leave out, such as the table's name. */
export function nameSimilarity(a: string, b: string, context: readonly string[] = []): number {
  const score = (left: readonly string[], right: readonly string[]): number => {
    const weight = (word: string): number => (weak.has(word) ? 0.5 : 1);
    const rest = [...right];
    let common = 0;
    for (const word of left) {
      let best = -1;
      let bestScore = 0;
      rest.forEach((other, index) => {
        const similarity = wordSimilarity(word, other);
        if (similarity > bestScore) [best, bestScore] = [index, similarity];
      });
      if (best < 0) continue;
      common += bestScore * (weight(word) + weight(rest[best] as string));
      rest.splice(best, 1);
    }
    const all = [...left, ...right].reduce((sum, word) => sum + weight(word), 0);
    return all === 0 ? 0 : common / all;
  };
  const [left, right] = [wordsOf(a), wordsOf(b)];
  const drop = (words: readonly string[]): string[] => {
    const kept = words.filter((word) => !context.includes(word));
    return kept.length === 0 ? [...words] : kept;
  };
  // Words of the table's own name say nothing within it: cust_nm is the name of a customer.
  return Math.max(score(left, right), context.length === 0 ? 0 : score(drop(left), drop(right)) * 0.95);
}
