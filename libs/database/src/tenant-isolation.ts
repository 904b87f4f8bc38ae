import type pg from 'pg'

import { DatabaseError } from './database-error.ts'

/** The only tables that no tenant owns; every other one must have the tenant policy. */
export const PLATFORM_TABLES = [
  '_prisma_migrations',
  'cookie_keys',
  'join_tokens',
  'live_connections',
  'platform_secrets',
  'services',
  'tenants',
] as const

const POLICY = "(tenant_id = (current_setting('sallyport.tenant_id'::text))::uuid)"

const UNPROTECTED = `
  SELECT c.relname AS name
  FROM pg_class c
  WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p')
    AND c.relname <> ALL ($1::text[])
    AND NOT (
      c.relrowsecurity
      AND c.relforcerowsecurity
      AND EXISTS (
        SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull)
      AND EXISTS (
        SELECT 1 FROM pg_policies p
        WHERE p.schemaname = 'public' AND p.tablename = c.relname AND p.cmd = 'ALL' AND p.roles = '{public}')
      AND NOT EXISTS (
        SELECT 1 FROM pg_policies p
        WHERE p.schemaname = 'public' AND p.tablename = c.relname AND p.permissive = 'PERMISSIVE'
          AND (p.qual IS DISTINCT FROM $2 OR p.with_check IS DISTINCT FROM $2)))
  ORDER BY c.relname`

/** Names the tables of tenants that row-level security does not protect as it must. */
export async function unprotectedTables(owner: pg.Client): Promise<string[]> {
  const found = await owner.query<{ name: string }>(UNPROTECTED, [PLATFORM_TABLES, POLICY])
  return found.rows.map((row) => row.name)
}

/** Stops the start when a migration added a table without its policy: forgetting one cannot reach production. */
export async function refuseUnprotectedTables(owner: pg.Client): Promise<void> {
  const names = await unprotectedTables(owner)
  if (names.length === 0) return
  throw new DatabaseError(
    'tenant-table-unprotected',
    `no forced row-level security with the policy tenant_isolation on: ${names.join(', ')}`,
  )
}
