import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { NODE_API_VERSION } from '@sallyport/contracts'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { createKeyAndRequest } from './certificate-signing-request.ts'
import { IdentityStore, type StoredIdentity } from './identity-store.ts'
import { throwawayCluster } from './testing/throwaway-cluster.ts'

let parent: string
let store: IdentityStore

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'identity-'))
  store = new IdentityStore(join(parent, 'identity'))
})

afterEach(() => rm(parent, { recursive: true }))

async function identity(): Promise<StoredIdentity> {
  const cluster = await throwawayCluster()
  const { privateKeyPem, csrPem } = await createKeyAndRequest('member')
  const certificate = await cluster.sign(csrPem, { role: 'ip-allocator' })
  const enrolment = {
    version: NODE_API_VERSION,
    serviceId: randomUUID(),
    role: 'ip-allocator',
    certificate,
    clusterCa: cluster.caPem,
    allocatorUrl: '',
  } as const
  return { privateKeyPem, enrolment }
}

it('says what to do when the file was cut off, without telling what is in it', async () => {
  await store.prepare()
  await store.write(await identity())
  const file = join(store.directory, 'identity.json')
  const { size } = await stat(file)
  for (const length of [0, 1, 40, 200, size - 3]) {
    await truncate(file, length)
    const failure = expect(store.read()).rejects
    await failure.toMatchObject({ code: 'identity-damaged' })
    await failure.toThrow(/damaged .*delete the directory .*POST \/api\/v1\/platform\/join-tokens/)
    await failure.not.toThrow(/PRIVATE KEY|MIG/)
  }
})

it('finds out that key and certificate do not belong together', async () => {
  await store.prepare()
  await store.write({ ...(await identity()), privateKeyPem: (await identity()).privateKeyPem })
  await expect(store.read()).rejects.toThrow(/damaged \(the certificate does not belong to the key\)/)
})

it('finds out that the certificate is of another CA', async () => {
  await store.prepare()
  const [mine, other] = [await identity(), await identity()]
  await store.write({ ...mine, enrolment: { ...mine.enrolment, clusterCa: other.enrolment.clusterCa } })
  await expect(store.read()).rejects.toThrow(/not signed by the cluster CA/)
})

it('refuses a directory that is a file, before a token is spent', async () => {
  await writeFile(store.directory, '')
  await expect(store.prepare()).rejects.toMatchObject({ code: 'identity-directory-unusable' })
})

it('has nothing before the first write, even when a write was interrupted', async () => {
  expect(await store.read()).toBeUndefined()
  await store.prepare()
  await writeFile(join(store.directory, `.${randomUUID()}.tmp`), '{"version":1,')
  expect(await store.read()).toBeUndefined()
})

it('gives back what was written, readable by the owner only, and leaves nothing else behind', async () => {
  const written = await identity()
  await store.prepare()
  await store.write(await identity())
  await store.write(written)
  const read = await store.read()
  expect(read?.enrolment).toEqual(written.enrolment)
  expect(read?.privateKeyPem.reveal()).toBe(written.privateKeyPem.reveal())
  expect(await readdir(store.directory)).toEqual(['identity.json'])
  expect((await stat(store.directory)).mode & 0o777).toBe(0o700)
  expect((await stat(join(store.directory, 'identity.json'))).mode & 0o777).toBe(0o600)
})

it('refuses a format that it does not know', async () => {
  await store.prepare()
  await store.write(await identity())
  const file = join(store.directory, 'identity.json')
  await chmod(file, 0o600)
  await writeFile(file, (await readFile(file, 'utf8')).replace('"version": 1', '"version": 2'))
  await expect(store.read()).rejects.toThrow(/unknown format version/)
})
