import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { MigrationList, SchemaContainer, SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg'

import { migrationAdapter } from './migration-adapter.ts'
import { loadSchemaEngine } from './schema-engine.ts'

const PRISMA_FOLDER = fileURLToPath(new URL('../../../prisma/', import.meta.url))
const FILTERS = { externalTables: [], externalEnums: [] }

/**
 * Applies the migrations that the database lacks and names them. Runs Prisma's own engine in this process, under
 * Prisma's advisory lock and with its `_prisma_migrations` table: several instances may start at once.
 */
export async function applyMigrations(ownerUrl: string): Promise<string[]> {
  return withEngine(ownerUrl, async (engine, migrationsList) => {
    const applied = await engine.applyMigrations({ migrationsList, filters: FILTERS })
    return applied.appliedMigrationNames
  })
}

/** Compares `schema.prisma` with the migrations' end state on a shadow database; `''` when they agree, else SQL. */
export async function schemaDrift(ownerUrl: string): Promise<string> {
  return withEngine(ownerUrl, async (engine, migrationsList, schema) => {
    const difference = await engine.diff({
      from: { tag: 'migrations', ...migrationsList },
      to: { tag: 'schemaDatamodel', files: [schema] },
      script: true,
      exitCode: true,
      filters: FILTERS,
    })
    return difference.exitCode === 0 ? '' : (difference.stdout ?? 'unknown difference')
  })
}

async function withEngine<Result>(
  url: string,
  work: (engine: SchemaEngine, migrations: MigrationList, schema: SchemaContainer) => Promise<Result>,
): Promise<Result> {
  const Engine = await loadSchemaEngine()
  const schemaFile = join(PRISMA_FOLDER, 'schema.prisma')
  const schema = { path: schemaFile, content: await readFile(schemaFile, 'utf8') }
  const adapter = migrationAdapter(url)
  try {
    const datamodels: [string, string][] = [[schema.path, schema.content]]
    const engine = await Engine.new({ datamodels }, () => undefined, adapter.factory)
    try {
      return await work(engine, await readMigrations(join(PRISMA_FOLDER, 'migrations')), schema)
    } finally {
      engine.free()
    }
  } finally {
    await adapter.close()
  }
}

async function readMigrations(folder: string): Promise<MigrationList> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return {
    baseDir: folder,
    shadowDbInitScript: '',
    lockfile: { path: 'migration_lock.toml', content: await readFile(join(folder, 'migration_lock.toml'), 'utf8') },
    migrationDirectories: await Promise.all(
      names.sort().map(async (name) => ({
        path: name,
        migrationFile: {
          path: 'migration.sql',
          content: { tag: 'ok' as const, value: await readFile(join(folder, name, 'migration.sql'), 'utf8') },
        },
      })),
    ),
  }
}
