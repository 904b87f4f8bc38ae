import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { errorCode } from '@sallyport/foundation'

import { CHECKOUT } from '../command.ts'

/** Where the committed inputs of all targets are. */
export const CORPORA = join(CHECKOUT, 'test/corpora')

/** Reads the inputs of a target, each a file; none when it has no folder. */
export async function readCorpus(target: string, folder: string = CORPORA): Promise<readonly Uint8Array[]> {
  const names = await readdir(join(folder, target)).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  })
  return Promise.all(names.sort().map(async (name) => Uint8Array.from(await readFile(join(folder, target, name)))))
}

/** Writes an input into a target's folder, under a name made of its content; gives the path. */
export async function writeInput(target: string, input: Uint8Array, folder: string = CORPORA): Promise<string> {
  await mkdir(join(folder, target), { recursive: true })
  const path = join(folder, target, createHash('sha256').update(input).digest('hex').slice(0, 16))
  await writeFile(path, input)
  return path
}
