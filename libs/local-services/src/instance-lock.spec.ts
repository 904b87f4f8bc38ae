import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { lockDirectory } from './instance-lock.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-test-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

it('refuses a second owner by any name of the directory, and names the first', async () => {
  await using _lock = await lockDirectory(directory)
  const link = `${directory}-link`
  await symlink(directory, link)
  try {
    await expect(lockDirectory(link)).rejects.toThrow(`already running on ${link} (pid ${String(process.pid)})`)
  } finally {
    await rm(link)
  }
})

it('is free again when its owner has gone', async () => {
  await (await lockDirectory(directory))[Symbol.asyncDispose]()
  await using lock = await lockDirectory(directory)
  expect(lock).toBeDefined()
})
