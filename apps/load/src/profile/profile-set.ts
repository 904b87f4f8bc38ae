import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { describeError } from '@sallyport/foundation'

import { LoadError } from '../load-error.ts'
import { type LoadProfile, parseProfile } from './profile.ts'

/** Reads one profile, or every `*.ovpn` of a directory in the order of their names. Throws `LoadError`. */
export async function readProfiles(path: string): Promise<readonly LoadProfile[]> {
  const files = await filesOf(path)
  const [first, ...rest] = files
  if (first === undefined) throw new LoadError('no-profiles', `${path} has no file whose name ends in .ovpn`)
  const profiles = [parseProfile(first, await readText(first))]
  for (const file of rest) profiles.push(parseProfile(file, await readText(file)))
  return profiles
}

/** Reads a file that the caller named. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new LoadError('no-profiles', `${path} cannot be read: ${describeError(error)}`, { cause: error })
  }
}

async function filesOf(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = await readdir(path)
    return names
      .filter((name) => name.endsWith('.ovpn'))
      .sort()
      .map((name) => join(path, name))
  } catch (error) {
    throw new LoadError('no-profiles', `${path} cannot be read: ${describeError(error)}`, { cause: error })
  }
}
