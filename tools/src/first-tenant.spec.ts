import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'

import { Secret } from '@sallyport/foundation'
import { fieldOf, PlatformClient } from '@sallyport/local-services'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { ensureFirstTenant } from './first-tenant.ts'

/** What a server would remember: the tenant and its networks. */
interface Remembered {
  namespaces: unknown
  networks: unknown[]
  broken: boolean
}

let remembered: Remembered
let server: Server
let secrets: string

beforeEach(async () => {
  remembered = { namespaces: undefined, networks: [], broken: false }
  secrets = await mkdtemp(join(tmpdir(), 'sallyport-test-'))
  server = createServer((request, response) => {
    void json(request)
      .catch(() => undefined)
      .then((body) => {
        const [status, answer] = respond(`${request.method ?? ''} ${request.url ?? ''}`, body)
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  server.close()
  await rm(secrets, { recursive: true })
})

function respond(call: string, body: unknown): [number, unknown] {
  switch (call.replace('/api/v1', '').replace(/\?.*/, '')) {
    case 'GET /platform/tenants':
      return [200, { items: remembered.namespaces === undefined ? [] : [{ tenantId: 't', slug: 'first' }], next: null }]
    case 'POST /platform/tenants':
      remembered.namespaces = fieldOf(body, 'namespaces')
      return [201, { tenantId: 't', administrator: { username: 'admin', oneTimePassword: 'one-time 1' } }]
    case 'GET /platform/tenants/t/networks':
      return [200, { items: remembered.networks, next: null }]
    case 'POST /platform/tenants/t/networks':
      if (remembered.broken) return [503, { code: 'temporarily-unavailable', message: 'later' }]
      remembered.networks.push(body)
      return [201, {}]
    default:
      return [404, { code: 'not-found', message: call }]
  }
}

async function ensure(): Promise<string | undefined> {
  const address = server.address()
  const publicUrl = `http://127.0.0.1:${String(typeof address === 'object' && address ? address.port : 0)}`
  return ensureFirstTenant(new PlatformClient(publicUrl, new Secret('token')), secrets, ['192.168.7.0/24'])
}

it('is finished by the next run when it was interrupted, and keeps no password afterwards', async () => {
  remembered.broken = true
  await expect(ensure()).rejects.toThrow('later')
  remembered.broken = false
  expect(await ensure()).toBe('one-time 1')
  expect(remembered.networks).toEqual([
    { name: 'host', ipv4: '10.8.0.0/24', ipv6: 'fd00:8::/112', routes: ['192.168.7.0/24'] },
  ])
  expect(remembered.namespaces).toEqual(['host'])
  expect(await readdir(secrets)).toEqual([])
})

it('does nothing and tells no password when the tenant is there', async () => {
  await ensure()
  expect(await ensure()).toBeUndefined()
  expect(remembered.networks).toHaveLength(1)
})
