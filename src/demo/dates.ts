import type { Random } from './random';

/** Calendar days as four generations of clerks typed them. Days never exceed 28, so that every format is valid. */
export interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export function someDay(random: Random, from: number, years: number): Day {
  return { year: from + random.below(years), month: 1 + random.below(12), day: 1 + random.below(28) };
}

const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

export function iso({ year, month, day }: Day): string {
  return `${year}-${two(month)}-${two(day)}`;
}

export function typed(random: Random, date: Day): string {
  const { year, month, day } = date;
  switch (random.below(4)) {
    case 0:
      return `${two(day)}/${two(month)}/${year}`;
    case 1:
      return `${two(day)}.${two(month)}.${year}`;
    case 2:
      return `${day} ${names[month - 1]} ${year}`;
    default:
      return iso(date);
  }
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
