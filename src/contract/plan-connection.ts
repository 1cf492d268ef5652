import { z } from 'zod';

/** Connections as a plan file spells them. Values are references; nothing here is ever a secret. */

export const tlsSpec = z
  .strictObject({
    mode: z
      .enum(['disable', 'prefer', 'require', 'verify-ca', 'verify-full'])
      .optional()
      .describe('The required level of TLS, like sslmode of libpq.'),
    ca_file: z.string().min(1).optional().describe('File with the certificate authority, PEM.'),
    cert_file: z.string().min(1).optional().describe('File with the client certificate, PEM.'),
    key_file: z.string().min(1).optional().describe('File with the key of the client certificate, PEM.'),
  })
  .describe('TLS options of a connection.');

export const connectionSpec = z
  .strictObject({
    url: z
      .string()
      .min(1)
      .optional()
      .describe('PostgreSQL url; `${NAME}` is taken from the environment. A literal password is refused.'),
    url_file: z.string().min(1).optional().describe('File that holds the url; read again at each connect.'),
    password_file: z
      .string()
      .min(1)
      .optional()
      .describe('File that holds the password or token; read again at each connect.'),
    env_prefix: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
      .optional()
      .describe('Prefix of a family of PG* variables: LEGACY_ reads LEGACY_PGHOST, LEGACY_PGUSER and so on.'),
    tls: tlsSpec.optional(),
  })
  .describe('How to reach a database. Without url, url_file and env_prefix the PG* variables are used.');

export const targetConnectionSpec = connectionSpec
  .extend({
    search_path: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        'Schemas in which functions of the target (triggers, CHECKs, defaults, views) look up names that have no schema. Without it, what role and database of the connection have.',
      ),
  })
  .describe('The target: how to reach it, and the search_path of its application.');
export type TargetDocument = z.infer<typeof targetConnectionSpec>;
