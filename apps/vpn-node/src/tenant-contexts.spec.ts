import type { ServerCertificateResponse } from '@sallyport/contracts'
import { createLogger } from '@sallyport/telemetry'
import { ThrowawayCa } from '@sallyport/testkit'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { TenantContexts } from './tenant-contexts.ts'

const ACME = '11111111-1111-4111-8111-111111111111'
const GLOBEX = '22222222-2222-4222-8222-222222222222'
const DAY_MS = 86_400_000

let ca: ThrowawayCa
let version: number
let asked: string[]
let answer: () => Promise<void>
let contexts: TenantContexts

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
  ca = await ThrowawayCa.create()
  version = 1
  asked = []
  answer = () => Promise.resolve()
  contexts = new TenantContexts(
    {
      tenants: () =>
        Promise.resolve({
          tenants: [
            { tenantId: ACME, slug: 'acme', authorityVersion: version },
            { tenantId: GLOBEX, slug: 'globex', authorityVersion: 1 },
          ],
        }),
      serverCertificate: async (tenantId, csr): Promise<ServerCertificateResponse> => {
        asked.push(tenantId)
        const authorityVersion = tenantId === ACME ? version : 1
        await answer()
        const certificate = await ca.sign(csr, { commonName: 'vpn.example', usages: ['server'] })
        const notAfter = new Date(Date.now() + 7 * DAY_MS).toISOString()
        return { certificate, tenantCa: ca.certificatePem, authorityVersion, notAfter }
      },
    },
    createLogger('test', 'silent'),
  )
})

afterEach(() => {
  contexts[Symbol.dispose]()
  vi.useRealTimers()
})

it('fetches the certificate of a tenant whose authorities changed, and of no other', async () => {
  await contexts.preload()
  const acceptor = contexts.peek(ACME)
  expect(asked).toEqual([ACME, GLOBEX])
  version = 2
  await contexts.authorityChanged(ACME, 2)
  expect(asked).toEqual([ACME, GLOBEX, ACME])
  expect(contexts.peek(ACME)).toBe(acceptor)
  await contexts.authorityChanged(ACME, 2)
  await contexts.authorityChanged('33333333-3333-4333-8333-333333333333', 5)
  expect(asked).toHaveLength(3)
})

it('learns what changed while it heard no orders', async () => {
  await contexts.preload()
  version = 4
  await contexts.refresh()
  expect(asked).toEqual([ACME, GLOBEX, ACME])
  await contexts.refresh()
  expect(asked).toHaveLength(3)
})

it('keeps what it has while auth-service is away, and tries again', async () => {
  await contexts.preload()
  const acceptor = contexts.peek(ACME)
  version = 2
  answer = () => Promise.reject(new Error('away'))
  await contexts.authorityChanged(ACME, 2)
  expect(contexts.peek(ACME)).toBe(acceptor)
  answer = () => Promise.resolve()
  await vi.advanceTimersByTimeAsync(10_000)
  await vi.waitFor(() => {
    expect(asked).toEqual([ACME, GLOBEX, ACME, ACME])
  })
})

it('asks again when the first certificate was signed before the change that it heard of', async () => {
  let change: (() => Promise<void>) | undefined = () => {
    version = 2
    return contexts.authorityChanged(ACME, 2)
  }
  answer = async () => {
    const changing = change?.()
    change = undefined
    await changing
  }
  await contexts.load(ACME)
  await vi.advanceTimersByTimeAsync(10_000)
  await vi.waitFor(() => {
    expect(asked).toEqual([ACME, ACME])
  })
})

it('renews each certificate after two thirds of its life', async () => {
  await contexts.preload()
  await vi.advanceTimersByTimeAsync(4 * DAY_MS)
  expect(asked).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(DAY_MS)
  await vi.waitFor(() => {
    expect(new Set(asked.slice(2))).toEqual(new Set([ACME, GLOBEX]))
  })
})
