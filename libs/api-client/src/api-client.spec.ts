import { readFileSync } from 'node:fs'

import { Secret } from '@sallyport/foundation'
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript'
import { expect, it } from 'vitest'

import { answerOf, createApiClient, refusalOf } from './api-client.ts'
import { ApiRefusedError, ApiUnreachableError } from './api-error.ts'
import { SessionCookie } from './session-cookie.ts'

const baseUrl = 'https://vpn.example.com/'
const reply = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/problem+json', ...headers } })

it('has the types of the published document', async () => {
  const document = new URL('../openapi.json', import.meta.url)
  const types = COMMENT_HEADER + astToString(await openapiTS(document))
  expect(readFileSync(new URL('generated/api.ts', import.meta.url), 'utf8')).toBe(types)
})

it('shows its token, and gives the data of an answer', async () => {
  const asked: (string | null)[] = []
  const api = createApiClient({
    baseUrl,
    token: new Secret('sp_secret'),
    fetch: (request) => {
      asked.push(request.url, request.headers.get('authorization'))
      return Promise.resolve(reply(200, { groups: [] }, { 'content-type': 'application/json' }))
    },
  })
  expect(await answerOf(api.GET('/api/v1/me'))).toEqual({ groups: [] })
  expect(asked).toEqual(['https://vpn.example.com/api/v1/me', 'Bearer sp_secret'])
})

it('keeps the cookie of a session, the latest that was set', async () => {
  const session = new SessionCookie()
  const shown: (string | null)[] = []
  const api = createApiClient({
    baseUrl,
    session,
    fetch: (request) => {
      shown.push(request.headers.get('cookie'))
      const cookie = `sallyport_session=${String(shown.length)}; Path=/; HttpOnly`
      return Promise.resolve(reply(200, {}, { 'set-cookie': cookie }))
    },
  })
  await api.GET('/api/v1/me')
  await api.GET('/api/v1/me')
  expect(shown).toEqual([null, 'sallyport_session=1'])
  expect(session.header).toBe('sallyport_session=2')
})

it('throws a refusal with what it says, whatever answered', async () => {
  const issues = [{ path: 'name', message: 'is empty' }]
  const parameters = { limit: 3, of: 'devices' }
  const body = { code: 'bad-request', message: 'Not valid.', issues, parameters: { ...parameters, odd: {} } }
  const api = createApiClient({ baseUrl, fetch: () => Promise.resolve(reply(400, body)) })
  const refused = answerOf(api.GET('/api/v1/me'))
  await expect(refused).rejects.toBeInstanceOf(ApiRefusedError)
  await expect(refused).rejects.toMatchObject({ status: 400, code: 'bad-request', issues, parameters })
  expect(refusalOf(502, '<html>')).toMatchObject({ status: 502, code: 'unknown', issues: [] })
  expect(refusalOf(500, { code: 3, message: null, issues: [{ path: 1 }, null] })).toMatchObject({ issues: [] })
})

it('tells when to try again, if that is said in seconds', () => {
  expect(refusalOf(429, {}, new Headers({ 'retry-after': '90' }))).toMatchObject({ retryAfterSeconds: 90 })
  const date = new Headers({ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' })
  expect(refusalOf(429, {}, date)).toMatchObject({ retryAfterSeconds: undefined })
})

it('says why there is no answer, and gives up in time', async () => {
  const broken = createApiClient({
    baseUrl,
    fetch: () => Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })),
  })
  const failure = answerOf(broken.GET('/api/v1/me'))
  await expect(failure).rejects.toBeInstanceOf(ApiUnreachableError)
  await expect(failure).rejects.toThrow(/vpn\.example\.com does not answer: connect ECONNREFUSED/)
  const silent = createApiClient({
    baseUrl,
    timeoutMs: 5,
    fetch: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(new Error('timed out'))
        })
      }),
  })
  await expect(answerOf(silent.GET('/api/v1/me'))).rejects.toBeInstanceOf(ApiUnreachableError)
})
