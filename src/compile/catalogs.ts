import type { Catalog } from '../contract/catalog';

export interface Catalogs {
  readonly sources: Readonly<Record<string, Catalog>>;
  readonly target: Catalog;
}
