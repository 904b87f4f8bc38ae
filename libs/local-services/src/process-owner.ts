import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** An unprivileged user and group by number. */
export interface ProcessOwner {
  readonly uid: number
  readonly gid: number
}

const NOBODY: ProcessOwner = { uid: 65534, gid: 65534 }

/**
 * Chooses who runs PostgreSQL and Redis: PostgreSQL refuses to run as root, so root drops to the user `postgres`, or
 * `nobody` where there is none. `undefined` means: stay what we are.
 */
export function unprivilegedOwner(): ProcessOwner | undefined {
  if (process.getuid?.() !== 0) return undefined
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid === undefined || gid === undefined ? NOBODY : { uid: Number(uid), gid: Number(gid) }
}

/** Asks the kernel whether that user can reach a path, folders above it included. */
export function canReach(path: string, mode: 'read' | 'execute' | 'write', owner: ProcessOwner | undefined): boolean {
  const flag = { read: '-r', execute: '-x', write: '-w' }[mode]
  return spawnSync('test', [flag, path], { cwd: '/', ...(owner ?? {}) }).status === 0
}
