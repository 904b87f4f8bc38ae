import { fileURLToPath } from 'node:url'

import { defineConfig } from 'prisma/config'

// Prisma's CLI downloads a native schema engine unless it is shown one; the stand-in runs the same engine as WASM.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= fileURLToPath(new URL('prisma/schema-engine.mjs', import.meta.url))
process.env['CHECKPOINT_DISABLE'] ??= '1'

// `prisma generate` works without a database; every other command says itself that the URL is missing.
const url = process.env['DATABASE_URL']

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(url === undefined ? {} : { datasource: { url } }),
})
