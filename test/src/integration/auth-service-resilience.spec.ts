import { setTimeout as delay } from 'node:timers/promises'

import { ServiceRefusedError, ServiceUnavailableError } from '@sallyport/cluster-identity'
import type { AuthoriseRequest, AuthoriseResponse, Credential } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import { textField } from '@sallyport/local-services'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  enrolTotp,
  NodeClient,
  PASSWORD,
  type TestTenant,
} from './auth-service-harness.ts'
import { type Replica, startReplica } from './auth-service-replica.ts'

/** Wrong attempts of an account that cost nothing, and how many of them are checked at a time. */
const FREE = 5
const AT_A_TIME = 10
const RECOVERED_WITHIN_MS = 10_000

let harness: AuthServiceHarness
let replica: Replica
let node: NodeClient
/** A node of the other instance. */
let other: NodeClient
let tenant: TestTenant
let sources = 0

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  replica = await startReplica(harness)
  node = await harness.node('node-1')
  other = await replica.node('node-2')
  tenant = await harness.tenant('acme')
})

afterAll(async () => {
  await replica[Symbol.asyncDispose]()
  await harness[Symbol.asyncDispose]()
})

const password = (text = PASSWORD): Credential => ({ kind: 'password', password: text })

/** A user with a device who comes from an address of their own. */
async function person(username: string, options: { totp: boolean }) {
  const user = await harness.user(tenant, username, options)
  const codes = options.totp ? await enrolTotp(user) : undefined
  const device = await enrolDevice(user, 'Laptop')
  sources += 1
  const remote = { transport: 'udp' as const, address: `198.51.100.${String(sources)}`, port: 1 }
  const request = (credential: Credential, changes: Partial<AuthoriseRequest> = {}): AuthoriseRequest =>
    authoriseRequestOf(user, device, credential, { remote, ...changes })
  return { user, device, request, code: () => codes?.next() ?? '' }
}

/** `temporary` when a node is told to let the client try again; anything else that is no answer fails the test. */
async function ask(at: NodeClient, request: AuthoriseRequest): Promise<AuthoriseResponse | 'temporary'> {
  try {
    return await at.authorise(request)
  } catch (error) {
    if (error instanceof ServiceUnavailableError && error.message.includes('temporarily-unavailable'))
      return 'temporary'
    throw new Error(`no clear answer (${describeError(error)}); the last lines of the service: ${harness.tail()}`, {
      cause: error,
    })
  }
}

async function decision(at: NodeClient, request: AuthoriseRequest): Promise<string> {
  const answer = await ask(at, request)
  if (answer === 'temporary') return answer
  return answer.decision === 'deny' ? answer.code : answer.decision
}

it('counts the attempts at two instances together, those that are under way too', async () => {
  const { request } = await person('alice', { totp: false })
  const instances = [node, other]
  let number = 0
  const guess = (): Promise<string> =>
    decision(instances[number % 2] ?? node, request(password(`guess ${String((number += 1))}`)))
  const outcomes = await Promise.all(Array.from({ length: 40 }, guess))
  expect(outcomes.filter((outcome) => outcome === 'wrong-password').length).toBeLessThanOrEqual(FREE + AT_A_TIME - 1)
  await expect.poll(guess).toBe('too-many-attempts')
  for (const instance of instances) expect(await decision(instance, request(password()))).toBe('too-many-attempts')
})

it('does not let a node in at either instance once it is out of the cluster', async () => {
  const { request } = await person('bob', { totp: false })
  const lost = await harness.enrol('vpn-node', 'lost')
  const clients = [harness.nodeApiUrl, replica.nodeApiUrl].map((url) => NodeClient.at(url, lost))
  for (const client of clients) expect(await decision(client, request(password()))).toBe('allow')
  await harness.operator.call('POST', `/platform/services/${lost.serviceId}/revoke`)
  await delay(100)
  for (const client of clients) await expect(client.authorise(request(password()))).rejects.toThrow(ServiceRefusedError)
})

it.each(['stop', 'kill'] as const)(
  'allows nobody wrongly and loses no line of the audit log when PostgreSQL restarts by %s under load',
  async (how) => {
    await keepWhatIsCommitted()
    const good = await person(`emil-${how}`, { totp: false })
    const disabled = await person(`frank-${how}`, { totp: false })
    await tenant.client.api.call('PATCH', `/users/${disabled.user.userId}`, { disabled: true })
    const first = await ask(node, good.request(password()))
    if (first === 'temporary' || first.decision !== 'allow') throw new Error(JSON.stringify(first))
    const token = { kind: 'session-token' as const, token: first.grant.sessionToken }

    const stop = new AbortController()
    const allowed = new Set([first.grant.connectionId])
    const seen = { good: new Set<string>(), disabled: new Set<string>(), portal: new Set<string>() }
    let signIns = 0
    const until = async (work: () => Promise<void>): Promise<unknown> => {
      try {
        while (!stop.signal.aborted) await work()
        return undefined
      } catch (error) {
        return error
      }
    }
    const streams = [
      ...[node, other, node, other].map((at, index) =>
        until(async () => {
          const answer = await ask(at, good.request(index < 2 ? token : password()))
          seen.good.add(answer === 'temporary' ? answer : answer.decision === 'deny' ? answer.code : answer.decision)
          if (answer !== 'temporary' && answer.decision === 'allow') allowed.add(answer.grant.connectionId)
        }),
      ),
      until(async () => {
        seen.disabled.add(await decision(node, disabled.request(password())))
      }),
      until(async () => {
        const credentials = { tenant: 'acme', username: good.user.username, password: PASSWORD }
        const { status, body } = await portal('/sign-in', credentials)
        seen.portal.add(status === 200 ? (textField(body, 'status') ?? '') : String(status))
        if (status === 200) signIns += 1
      }),
    ]
    await delay(1500)
    await harness.postgres[how]()
    await delay(500)
    await harness.postgres.start()
    await recovered(() => decision(node, good.request(token)), 'allow')
    await delay(1500)
    stop.abort()
    expect((await Promise.all(streams)).filter((error) => error !== undefined)).toEqual([])
    expect(seen.good).toEqual(new Set(['allow', 'temporary']))
    expect(seen.disabled).toEqual(new Set(['user-disabled', 'temporary']))
    expect(seen.portal).toEqual(new Set(['signed-in', '503']))
    await using database = await open()
    const connections = await database.rows('select id from connections where device_id = $1', good.device.deviceId)
    const ids = new Set(connections.map(({ id }) => id))
    expect([...allowed].filter((id) => !ids.has(id))).toEqual([])
    const lines = `select id from audit_events where action = 'connection.authorise' and outcome = 'ok' and actor = 'device:' || $1`
    expect(await database.rows(lines, good.device.deviceId)).toHaveLength(ids.size)
    const portalLines = `select id from audit_events where action = 'portal.sign-in' and outcome = 'ok' and actor = 'user:' || $1`
    expect((await database.rows(portalLines, good.user.userId)).length).toBeGreaterThanOrEqual(signIns)
    expect(await tenant.client.api.call('POST', '/audit/verify', {})).toMatchObject({ ok: true })
  },
  60_000,
)

it('takes the answer to a challenge of before a restart of Redis for expired, and lets the user try again', async () => {
  const { request, code } = await person('carol', { totp: true })
  const dialogues = ['dynamic-challenge'] as const
  const begin = () => ask(node, request(password(), { dialogues: [...dialogues] }))
  const answerTo = (challenge: AuthoriseResponse | 'temporary', response: string): AuthoriseRequest => {
    if (challenge === 'temporary' || challenge.decision !== 'challenge') throw new Error(JSON.stringify(challenge))
    return request({ kind: 'challenge-response', state: challenge.state, response }, { dialogues: [...dialogues] })
  }
  const challenge = await begin()
  await harness.redis.kill()
  const right = code()
  expect(await decision(node, answerTo(challenge, right))).toBe('temporary')
  expect(await decision(other, answerTo(challenge, right))).toBe('temporary')
  await harness.redis.start()
  await recovered(() => begin().then((answer) => (answer === 'temporary' ? answer : answer.decision)), 'challenge')
  expect(await decision(node, answerTo(challenge, right))).toBe('challenge-expired')
  const anew = await begin()
  await harness.redis.stop()
  expect(await decision(other, answerTo(anew, '000000'))).toBe('temporary')
  await harness.redis.start()
  await recovered(() => begin().then((answer) => (answer === 'temporary' ? answer : answer.decision)), 'challenge')
  expect(await decision(other, request({ kind: 'password', password: PASSWORD, response: right }))).toBe('allow')
})

it('takes a sign-in at the portal of before a restart of Redis for expired', async () => {
  // The administrator's session is gone with Redis.
  await tenant.client.signIn({ tenant: 'acme', username: 'admin', password: PASSWORD })
  await person('dora', { totp: true })
  const begun = await portal('/sign-in', { tenant: 'acme', username: 'dora', password: PASSWORD })
  const challenge = textField(begun.body, 'challenge') ?? ''
  expect(challenge).not.toBe('')
  await harness.redis.kill()
  const finish = () => portal('/sign-in/factor', { challenge, method: 'totp', code: '000000' })
  expect((await finish()).status).toBe(503)
  await harness.redis.start()
  await recovered(async () => String((await finish()).status), '410')
  expect(textField((await finish()).body, 'code')).toBe('challenge-expired')
})

/** The throw-away server commits without waiting for its log, which a crash would lose: real ones do not. */
async function keepWhatIsCommitted(): Promise<void> {
  {
    await using database = await open()
    await database.rows(
      `alter database "${new URL(harness.postgres.url).pathname.slice(1)}" set synchronous_commit = on`,
    )
  }
  await harness.postgres.stop()
  await harness.postgres.start()
  await recovered(async () => String((await fetch(`${harness.publicUrl}/health/ready`)).status), '200')
  await recovered(async () => String((await fetch(`${replica.publicUrl}/health/ready`)).status), '200')
}

async function open(): Promise<AsyncDisposable & { rows: (sql: string, value?: string) => Promise<{ id: string }[]> }> {
  const client = new pg.Client({ connectionString: harness.postgres.url })
  await client.connect()
  return {
    rows: async (sql, value) => (await client.query<{ id: string }>(sql, value === undefined ? [] : [value])).rows,
    [Symbol.asyncDispose]: () => client.end(),
  }
}

async function portal(path: string, body: object): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${harness.publicUrl}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (answer.status === 500) throw new Error(`no clear answer; the last lines of the service: ${harness.tail()}`)
  return { status: answer.status, body: await answer.json() }
}

/** Waits until the service gives this answer again, by itself. */
async function recovered(attempt: () => Promise<string>, wanted: string): Promise<void> {
  await expect.poll(attempt, { timeout: RECOVERED_WITHIN_MS, interval: 100 }).toBe(wanted)
}
