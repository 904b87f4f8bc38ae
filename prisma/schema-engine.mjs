#!/usr/bin/env node
// Stand-in for Prisma's native schema engine, which its command line would download: the same JSON-RPC over stdio, with
// Prisma's engine as WebAssembly and our driver adapter behind it.
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

import pg from 'pg'

import { migrationAdapter } from '../libs/database/src/migration-adapter.ts'
import { loadSchemaEngine } from '../libs/database/src/schema-engine.ts'

const PRISMA_CODES = { '3D000': 'P1003', ECONNREFUSED: 'P1001', '28P01': 'P1000' }
const RPC_ERROR = 4466
const PANIC_EXIT_CODE = 101

const argv = process.argv.slice(2)
const { values, positionals } = parseArgs({
  args: argv,
  allowPositionals: true,
  strict: false,
  options: { datamodels: { type: 'string', multiple: true }, datasource: { type: 'string' } },
})
const datasource = readDatasource(values.datasource)

if (argv.includes('--version')) {
  await loadSchemaEngine()
  console.log('schema-engine-wasm')
} else if (positionals[0] === 'cli') {
  process.exitCode = await runCommand(positionals[1])
} else {
  serve()
}

function readDatasource(text) {
  if (text === undefined) return {}
  return text.startsWith('{') ? JSON.parse(text) : { url: text }
}

async function withClient(url, work) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function createDatabase(url) {
  const administration = new URL(url)
  const databaseName = decodeURIComponent(administration.pathname.slice(1))
  administration.pathname = '/postgres'
  await withClient(administration.toString(), async (client) => {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [databaseName])
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(databaseName)}`)
  })
  return { databaseName }
}

/** `cli can-connect-to-database` and `cli create-database`; the result is the exit code. */
async function runCommand(command) {
  // Prisma drops the first line, the native engine's banner.
  console.error(JSON.stringify({ level: 'INFO', fields: { message: 'schema-engine-wasm' }, target: 'schema_engine' }))
  try {
    if (command === 'can-connect-to-database') await withClient(datasource.url, () => undefined)
    else if (command === 'create-database') await createDatabase(datasource.url)
    else throw new Error(`unknown command ${String(command)}`)
    return 0
  } catch (error) {
    const fields = {
      is_panic: false,
      error_code: PRISMA_CODES[error.code] ?? error.code,
      message: error.message,
      meta: {},
    }
    console.error(JSON.stringify({ level: 'ERROR', fields, target: 'schema_engine::logger' }))
    return 1
  }
}

/** A fresh engine and connection for each request: nothing cached outlives it. */
async function withEngine(work) {
  const SchemaEngine = await loadSchemaEngine()
  const files = values.datamodels ?? []
  const datamodels = await Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8')]))
  const { factory, close } = migrationAdapter(datasource.url, datasource.shadowDatabaseUrl)
  try {
    const options = { datamodels: datamodels.length === 0 ? undefined : datamodels }
    const engine = await SchemaEngine.new(options, (line) => process.stderr.write(`${line}\n`), factory)
    try {
      return await work(engine)
    } finally {
      engine.free()
    }
  } finally {
    await close()
  }
}

function send(message) {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
}

async function answer({ id, method, params }) {
  try {
    if (method === 'createDatabase') return { id, result: await createDatabase(datasource.url) }
    const result = await withEngine(async (engine) => {
      // These two ask for the migrations' end state without a shadow database, and find it only when it is cached.
      if (method === 'evaluateDataLoss' || method === 'createMigration') {
        await engine.devDiagnostic({ migrationsList: params.migrationsList, filters: params.filters })
      }
      return engine[method === 'getDatabaseVersion' ? 'version' : method](params ?? undefined)
    })
    if (method === 'diff' && result.stdout != null) {
      send({ id: Date.now(), method: 'print', params: { content: result.stdout } })
    }
    return { id, result: result ?? {} }
  } catch (error) {
    const data = { is_panic: false, message: error.message, meta: error.meta ?? null, error_code: error.code ?? null }
    return { id, error: { code: RPC_ERROR, message: 'An error happened. Check the data field for details.', data } }
  }
}

/** Answers one request a line, in order. A panic of the engine is thrown outside of every promise. */
function serve() {
  let current
  const panics = { message: '', set_message: (message) => (panics.message = String(message)) }
  globalThis.PRISMA_WASM_PANIC_REGISTRY = panics
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${error.stack}\n`)
    const data = { is_panic: true, message: panics.message, error: { message: panics.message } }
    send({ id: current, error: { code: RPC_ERROR, message: 'panic', data } })
    setTimeout(() => process.exit(PANIC_EXIT_CODE), 50)
  })
  let queue = Promise.resolve()
  const lines = createInterface({ input: process.stdin, crlfDelay: Infinity })
  lines.on('line', (line) => {
    const request = line.trim() === '' ? {} : JSON.parse(line)
    if (request.method === undefined) return
    queue = queue.then(async () => {
      current = request.id
      send(await answer(request))
    })
  })
  lines.on('close', () => queue.finally(() => process.exit()))
}
