import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { DataDirectory } from './data-directory.ts'

let path: string
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'sallyport-test-'))
})
afterEach(() => rm(path, { recursive: true, force: true }))

it('refuses a folder that holds something else, and leaves it as it is', async () => {
  await writeFile(join(path, 'thesis.tex'), 'x')
  expect(() => DataDirectory.open(path)).toThrow(/is not a data directory of Sallyport \(it has thesis\.tex/)
  expect(await readdir(path)).toEqual(['thesis.tex'])
})

it('refuses a folder that a newer version wrote', async () => {
  await writeFile(join(path, 'format'), '2\n')
  expect(() => DataDirectory.open(path)).toThrow(/has format "2" and this version of Sallyport reads 1/)
})

it('never makes a second secret for data that need the first', async () => {
  const directory = DataDirectory.open(path)
  await mkdir(join(path, 'postgres/data'), { recursive: true })
  expect(() => directory.ensureSecret('master-key', 32, 'base64', directory.hasDatabase)).toThrow(
    /master-key is missing, but there is a database that needs it\. Put the file back/,
  )
})

it('refuses to begin anew when the folder that a database link leads to has gone', async () => {
  const directory = DataDirectory.open(path)
  await symlink('/nonexistent', join(path, 'postgres'))
  expect(() => directory.databaseFolder('postgres')).toThrow(/leads to \/nonexistent, which is missing/)
})

it('keeps secrets over runs, closed to other users', async () => {
  const file = DataDirectory.open(path).ensureSecret('master-key', 32, 'base64', false)
  const first = DataDirectory.open(path).readSecret('master-key').reveal()
  expect(DataDirectory.open(path).ensureSecret('master-key', 32, 'base64', true)).toBe(file)
  expect(DataDirectory.open(path).readSecret('master-key').reveal()).toBe(first)
  expect(Buffer.from(first, 'base64')).toHaveLength(32)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(join(path, 'secrets'))).mode & 0o777).toBe(0o700)
})
