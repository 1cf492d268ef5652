import { ledgerVersion1 } from './0001-ledger';

/** Forward migrations of the ledger, version 1 first. Append only: ledgers of older versions are out there. */
export const ledgerMigrations: readonly string[] = [ledgerVersion1];
