import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg'

type SchemaEngineClass = typeof glue.SchemaEngine

type Exports = Readonly<Record<string, unknown>>

// TypeScript declares this global in its browser library only.
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: Exports): Promise<{ instance: { exports: Exports } }>
}

/** What the generated WebAssembly glue exports beside its documented API. */
interface WasmGlue {
  __wbg_set_wasm(exports: Exports): void
}

let loading: Promise<SchemaEngineClass> | undefined

/**
 * Loads Prisma's schema engine once. The package's own entry imports its `.wasm` as an ES module, which Node does only
 * behind a flag, so the module is instantiated here.
 */
export function loadSchemaEngine(): Promise<SchemaEngineClass> {
  loading ??= instantiate()
  return loading
}

async function instantiate(): Promise<SchemaEngineClass> {
  const wasmFile = import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg').replace(/\.js$/, '.wasm')
  const bytes = await readFile(fileURLToPath(wasmFile))
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': { ...glue } })
  if (!hasGlue(glue)) throw new TypeError('this version of @prisma/schema-engine-wasm has another module layout')
  glue.__wbg_set_wasm(instance.exports)
  if (!hasStart(instance.exports)) throw new TypeError('the schema engine has no __wbindgen_start')
  instance.exports.__wbindgen_start()
  return glue.SchemaEngine
}

function hasStart(exports: object): exports is { __wbindgen_start(): void } {
  return '__wbindgen_start' in exports
}

function hasGlue(module: object): module is WasmGlue {
  return '__wbg_set_wasm' in module
}
