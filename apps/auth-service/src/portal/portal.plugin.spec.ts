import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'

import helmet from '@fastify/helmet'
import { createLogger } from '@sallyport/telemetry'
import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { servePortal } from './portal.plugin.ts'
import { findPortalBuild } from './portal-build.ts'

const PAGE = '<!doctype html><title>Portal</title>'
const SCRIPT = `export const text = ${JSON.stringify('a'.repeat(500))}`
const BROWSER = { accept: 'text/html,*/*;q=0.8' }
const log = createLogger('auth-service', 'silent')

let outside: string
let directory: string
let server: FastifyInstance

/** As the service does: headers first, then the portal, and what answers for the addresses that nobody has. */
async function serverOf(build: string | undefined, publicUrl = 'https://vpn.example.com'): Promise<FastifyInstance> {
  const made = fastify()
  await made.register(helmet)
  await made.register(servePortal, { directory: build, publicUrl, log })
  made.get('/api/v1/me', () => ({}))
  made.setNotFoundHandler((_request, reply) =>
    reply.status(404).header('cache-control', 'no-store').send({ code: 'not-found' }),
  )
  return made
}

beforeAll(async () => {
  outside = await mkdtemp(join(tmpdir(), 'sallyport-portal-'))
  directory = join(outside, 'dist')
  await mkdir(join(directory, 'assets'), { recursive: true })
  await writeFile(join(outside, 'secret.txt'), 'a secret')
  await writeFile(join(directory, '.env'), 'a secret')
  for (const [name, text] of [
    ['index.html', PAGE],
    ['icon.svg', '<svg/>'],
    ['assets/main-B1.js', SCRIPT],
    ['assets/drawing-B1.svg', '<svg/>'],
  ] as const) {
    await writeFile(join(directory, name), text)
    await writeFile(join(directory, `${name}.br`), brotliCompressSync(text))
    await writeFile(join(directory, `${name}.gz`), gzipSync(text))
  }
  server = await serverOf(directory)
})

afterAll(async () => {
  await server.close()
  await rm(outside, { recursive: true })
})

it.each(['/', '/connect/abc', '/link/a.b', '/index.html'])(
  'gives the page at %s, to be asked for each time',
  async (url) => {
    const answer = await server.inject({ url, headers: BROWSER })
    expect(answer).toMatchObject({ statusCode: 200, body: PAGE })
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-cache', 'content-type': 'text/html; charset=utf-8' })
    const headers = { ...BROWSER, 'if-none-match': String(answer.headers.etag) }
    expect(await server.inject({ url, headers })).toMatchObject({ statusCode: 304, body: '' })
    const head = await server.inject({ url, headers: BROWSER, method: 'HEAD' })
    expect(head).toMatchObject({ statusCode: 200, body: '' })
    expect(head.headers['content-security-policy']).toBe(answer.headers['content-security-policy'])
  },
)

it('lets the page run, load and frame nothing but its own, and tells its address to nobody', async () => {
  for (const url of ['/', '/icon.svg', '/assets/drawing-B1.svg']) {
    const { headers } = await server.inject({ url, headers: BROWSER })
    expect(headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    })
    expect(headers['permissions-policy']).toMatch(/camera=\(\)/)
    const policy = String(headers['content-security-policy'])
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/)
    expect(policy).toContain("require-trusted-types-for 'script'")
    expect(policy).not.toMatch(/unsafe|https:|\*/)
  }
  await using plain = await serverOf(directory, 'http://localhost')
  const policyOf = async (from: FastifyInstance) =>
    String((await from.inject({ url: '/', headers: { host: 'localhost' } })).headers['content-security-policy'])
  expect([await policyOf(server), await policyOf(plain)].map((text) => text.includes('upgrade-insecure'))).toEqual([
    true,
    false,
  ])
})

it('gives scripts none of the headers that say what a document may do', async () => {
  const { headers } = await server.inject({ url: '/assets/main-B1.js', headers: { 'accept-encoding': 'br' } })
  expect(headers).toMatchObject({
    'content-encoding': 'br',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  })
  expect(headers['strict-transport-security']).toMatch(/^max-age=/)
  for (const name of ['content-security-policy', 'permissions-policy', 'referrer-policy', 'x-frame-options'])
    expect(headers).not.toHaveProperty(name)
  const bytes = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + String(value).length + 4, 0)
  expect(bytes).toBeLessThan(600)
  const missing = await server.inject('/assets/main-B2.js')
  expect(missing.headers).toHaveProperty('content-security-policy')
})

it('gives assets for a year, compressed as the browser can read them', async () => {
  const url = '/assets/main-B1.js'
  const plain = await server.inject(url)
  expect(plain.body).toBe(SCRIPT)
  expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect(plain.headers['content-type']).toMatch(/^(?:text|application)\/javascript/)
  for (const [encoding, read] of [
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
  ] as const) {
    const { headers, rawPayload } = await server.inject({ url, headers: { 'accept-encoding': encoding } })
    expect(headers).toMatchObject({ 'content-encoding': encoding, vary: 'accept-encoding' })
    expect(headers['content-type']).toBe(plain.headers['content-type'])
    expect(read(rawPayload).toString()).toBe(SCRIPT)
  }
  const { headers: iconHeaders } = await server.inject('/icon.svg')
  expect(iconHeaders['cache-control']).toBe('no-cache')
  expect(iconHeaders['content-type']).toMatch(/svg/)
})

it.each([
  '/assets/main-B2.js',
  '/assets',
  '/missing.svg',
  '/assets/../../secret.txt',
  '/assets/..%2f..%2fsecret.txt',
  '/assets/%2e%2e/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/.env',
  '/%2eenv',
  '/assets/..%5c..%5csecret.txt',
  '/assets/%00',
  '/api/v1/nothing',
  '/rest/nothing',
])('gives no file and no page for %s', async (url) => {
  const answer = await server.inject({ url, headers: { accept: 'image/*' } })
  expect(answer.statusCode).toBe(404)
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(answer.json()).toEqual({ code: 'not-found' })
})

it('leaves other addresses and other methods to whose they are', async () => {
  expect((await server.inject({ url: '/api/v1/me', headers: BROWSER })).json()).toEqual({})
  expect((await server.inject({ url: '/connect/abc', method: 'POST' })).statusCode).toBe(404)
})

it('sends who came by another name to the one at which something can be sent', async () => {
  await using plain = await serverOf(directory, 'http://localhost:8080')
  const ask = (url: string, host: string) => plain.inject({ url, headers: { ...BROWSER, host } })
  const sent = await ask('/connect/abc?x=1', '127.0.0.1:8080')
  expect([sent.statusCode, sent.headers.location]).toEqual([307, 'http://localhost:8080/connect/abc?x=1'])
  expect((await ask('//evil.example/x', '127.0.0.1:8080')).headers.location).toBe(
    'http://localhost:8080//evil.example/x',
  )
  for (const [url, host] of [
    ['/connect/abc', 'LOCALHOST:8080'],
    ['/assets/main-B1.js', '127.0.0.1:8080'],
  ] as const)
    expect((await ask(url, host)).statusCode).toBe(200)
  const behindProxy = await server.inject({ url: '/', headers: { ...BROWSER, host: '127.0.0.1:8080' } })
  expect(behindProxy.statusCode).toBe(200)
})

describe('without a build', () => {
  it('says how to make one, and serves the rest', async () => {
    await using bare = await serverOf(findPortalBuild(join(outside, 'nowhere'), log))
    const answer = await bare.inject({ url: '/connect/abc', headers: BROWSER })
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['content-type']).toMatch(/^text\/html/)
    expect(answer.body).toContain('npm run build')
    expect((await bare.inject('/assets/main-B1.js')).statusCode).toBe(404)
    expect((await bare.inject('/api/v1/me')).json()).toEqual({})
  })

  it('takes a directory for one only when its page is there', () => {
    expect(findPortalBuild(outside, log)).toBeUndefined()
    expect(findPortalBuild(directory, log)).toBe(directory)
  })
})

it('leaves it to nobody to answer for an address that is too long to be one', async () => {
  const tooLong = await server.inject({ url: `/api/v1/${'x'.repeat(101)}`, headers: BROWSER })
  expect(tooLong.statusCode).toBe(414)
  expect(tooLong.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(tooLong.json()).toMatchObject({ code: 'too-large', message: 'The address is too long.' })
  expect(await server.inject({ url: `/api/v1/${'x'.repeat(100)}`, headers: BROWSER })).toMatchObject({
    statusCode: 404,
  })
})
