/**
 * Gives a table of schema rowproof that has no primary key a replica identity: a publication FOR ALL TABLES, of either side, takes it
 * in the moment it is created and refuses updates and deletes without one. `table` is ready for SQL.
 */
export function replicaIdentityFull(table: string): string {
  return `alter table ${table} replica identity full`;
}
