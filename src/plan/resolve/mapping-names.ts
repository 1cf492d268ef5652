import type { QualifiedName } from '../../contract/catalog';

/** Short, unique names in the order of `targets`: the table name, schema_table where tables share it. */
export function mappingNames(targets: readonly QualifiedName[]): string[] {
  const spellings = [
    (target: QualifiedName): string => target.name,
    (target: QualifiedName): string => `${target.schema}_${target.name}`,
    (target: QualifiedName): string => `${target.schema}.${target.name}`,
  ];
  const names = targets.map(() => '');
  let open = targets.map((_, index) => index);
  for (const format of spellings) {
    const formatted = targets.map(format);
    const taken = names.filter((name) => name !== '');
    const unique = (index: number): boolean => {
      const name = formatted[index] as string;
      return !taken.includes(name) && open.every((other) => other === index || formatted[other] !== name);
    };
    const now = open.filter(unique);
    for (const index of now) names[index] = formatted[index] as string;
    open = open.filter((index) => !now.includes(index));
  }
  for (const index of open) {
    const base = spellings[2]?.(targets[index] as QualifiedName) ?? '';
    let number = 2;
    while (names.includes(`${base}_${number}`)) number += 1;
    names[index] = `${base}_${number}`;
  }
  return names;
}
