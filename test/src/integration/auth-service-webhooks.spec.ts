import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'

import { AuthServiceHarness, PASSWORD, type TestTenant } from './auth-service-harness.ts'
import { type Replica, startReplica } from './auth-service-replica.ts'
import { freePort } from './free-port.ts'
import { listItems } from './list-items.ts'

/** A request that came, with what it says it is. */
interface Received {
  readonly id: string
  readonly type: string
  readonly sequence: number
  readonly body: string
  readonly headers: IncomingMessage['headers']
}

type Answer = (response: ServerResponse) => void
const OK: Answer = (response) => response.writeHead(204).end()

/** What other systems do with webhooks: take them, refuse them, or leave them hanging. */
class Receiver implements AsyncDisposable {
  readonly received: Received[] = []
  answer: Answer = OK
  atOnce = 0
  mostAtOnce = 0
  readonly #server = createServer((request, response) => {
    this.atOnce += 1
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce)
    response.once('close', () => {
      this.atOnce -= 1
    })
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const read = Object(JSON.parse(body)) as { type: string; data: { sequence?: number } }
      const { type, data } = read
      const id = String(request.headers['webhook-id'])
      this.received.push({ id, type, sequence: data.sequence ?? 0, body, headers: request.headers })
      this.answer(response)
    })
  })
  #port = 0

  static async start(): Promise<Receiver> {
    const receiver = new Receiver()
    receiver.#port = await freePort()
    await new Promise<void>((resolve) => receiver.#server.listen(receiver.#port, '127.0.0.1', resolve))
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.#port)}/hook`
  }

  get types(): string[] {
    return this.received.map(({ type }) => type)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

let harness: AuthServiceHarness
let replica: Replica
let owner: pg.Client
let acme: TestTenant
let receiver: Receiver
let count = 0

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  replica = await startReplica(harness)
  acme = await harness.tenant('acme')
  owner = new pg.Client({ connectionString: harness.postgres.url })
  await owner.connect()
  receiver = await Receiver.start()
})

afterEach(async () => {
  for (const { webhookId } of await webhooks()) await acme.client.api.call('DELETE', `/webhooks/${String(webhookId)}`)
  receiver.received.length = 0
  receiver.mostAtOnce = 0
  receiver.answer = OK
})

afterAll(async () => {
  await receiver[Symbol.asyncDispose]()
  await owner.end()
  await replica[Symbol.asyncDispose]()
  await harness[Symbol.asyncDispose]()
})

type Row = Readonly<Record<string, unknown>>

async function webhooks(): Promise<Row[]> {
  const answer = Object(await acme.client.api.call('GET', '/webhooks')) as { items: Row[] }
  return answer.items
}

async function create(actions: readonly string[] = [], url = receiver.url): Promise<{ id: string; secret: string }> {
  const created = Object(await acme.client.api.call('POST', '/webhooks', { url, actions })) as Record<string, string>
  return { id: created['webhookId'] ?? '', secret: created['secret'] ?? '' }
}

const change = (id: string, body: object): Promise<unknown> => acme.client.api.call('PATCH', `/webhooks/${id}`, body)
const test = (id: string): Promise<unknown> => acme.client.api.call('POST', `/webhooks/${id}/test`)

/** Makes events of the tenant: one change of a network each. */
async function makeEvents(events: number): Promise<void> {
  const [network] = await listItems(acme.client.api, '/networks')
  for (let done = 0; done < events; done += 1) {
    count += 1
    await acme.client.api.call('PATCH', `/networks/${String(network?.['networkId'])}`, {
      dnsServers: [`10.8.0.${String((count % 200) + 1)}`],
    })
  }
}

async function until(what: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const endMs = Date.now() + withinMs
  while (!(await what())) {
    if (Date.now() > endMs) throw new Error(`it did not happen; the receiver has ${receiver.types.join(', ')}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function headSequence(): Promise<number> {
  return Number((Object(await acme.client.api.call('GET', '/audit/head')) as Row)['sequence'])
}

/** Lets a webhook that waits for its next attempt try at once. */
const hurry = (): Promise<unknown> => owner.query('UPDATE webhooks SET next_attempt_at = now() WHERE failures > 0')

it('delivers every event from its own creation on, once and in order, with a signature that fits', async () => {
  const { secret } = await create()
  await makeEvents(5)
  await until(() => receiver.received.length >= 6)
  expect(receiver.types).toEqual(['webhook.create', ...Array.from({ length: 5 }, () => 'network.change')])
  const sequences = receiver.received.map(({ sequence }) => sequence)
  expect(sequences).toEqual(Array.from(sequences, (_, index) => (sequences[0] ?? 0) + index))
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  for (const { id, body, headers } of receiver.received) {
    const timestamp = String(headers['webhook-timestamp'])
    const expected = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
    const shown = String(headers['webhook-signature'])
    expect(shown.length === expected.length && timingSafeEqual(Buffer.from(shown), Buffer.from(expected))).toBe(true)
    expect(Math.abs(Date.now() / 1000 - Number(timestamp))).toBeLessThan(60)
    expect(JSON.parse(body)).toMatchObject({ data: { tenantId: acme.tenantId, eventId: id, outcome: 'ok' } })
  }
  expect(receiver.mostAtOnce).toBe(1)
  await until(async () => (await webhooks())[0]?.['deliveredSequence'] === sequences.at(-1))
  expect((await webhooks())[0]).toMatchObject({ state: 'working', failures: 0, lastError: null })
})

it('delivers only what was asked for, and passes the rest over', async () => {
  await create(['webhook.*', 'user.create'])
  await makeEvents(3)
  await acme.client.api.call('POST', '/users', { username: 'heard' })
  await makeEvents(1)
  await until(async () => (await webhooks())[0]?.['deliveredSequence'] === (await headSequence()))
  expect(receiver.types).toEqual(['webhook.create', 'user.create'])
})

it('tries again after a failure and leaves nothing out', async () => {
  receiver.answer = (response) => response.writeHead(500).end('no')
  await create()
  await until(async () => (await webhooks())[0]?.['state'] === 'failing')
  expect((await webhooks())[0]).toMatchObject({ failures: 1, lastError: 'refused (HTTP 500)' })
  await makeEvents(2)
  expect(receiver.types).toEqual(['webhook.create'])
  await hurry()
  await until(async () => (await webhooks())[0]?.['failures'] === 2)
  receiver.answer = OK
  await hurry()
  await until(() => receiver.received.length >= 5)
  expect(receiver.types).toEqual([
    'webhook.create',
    'webhook.create',
    'webhook.create',
    'network.change',
    'network.change',
  ])
  expect(new Set(receiver.received.slice(0, 3).map(({ id }) => id)).size).toBe(1)
  await until(async () => (await webhooks())[0]?.['state'] === 'working')
})

it('waits about five seconds before it tries for the second time, by itself', async () => {
  const times: number[] = []
  receiver.answer = (response) => {
    times.push(Date.now())
    response.writeHead(times.length === 1 ? 503 : 204).end()
  }
  await create()
  await until(() => times.length === 2, 15_000)
  const waitedMs = (times[1] ?? 0) - (times[0] ?? 0)
  expect(waitedMs).toBeGreaterThan(3900)
  expect(waitedMs).toBeLessThan(9000)
})

it('follows no redirect', async () => {
  receiver.answer = (response) => response.writeHead(302, { location: receiver.url }).end()
  await create()
  await until(async () => (await webhooks())[0]?.['lastError'] === 'redirected (HTTP 302)')
  expect(receiver.received).toHaveLength(1)
})

it('gives up on a receiver that hangs, and serves others meanwhile', { timeout: 40_000 }, async () => {
  await using hanging = await Receiver.start()
  hanging.answer = () => undefined
  await create([], hanging.url)
  await create()
  await makeEvents(1)
  await until(() => receiver.types.includes('network.change'), 5000)
  await until(async () => (await webhooks())[0]?.['lastError'] === 'timed-out', 15_000)
})

it('stops at once for a receiver that is gone, and says so in the audit log', async () => {
  receiver.answer = (response) => response.writeHead(410).end()
  const { id } = await create()
  await until(async () => (await webhooks())[0]?.['state'] === 'disabled')
  const audit = Object(await acme.client.api.call('GET', '/audit?action=webhook.disable')) as { items: Row[] }
  expect(audit.items[0]).toMatchObject({
    ...{ actor: 'service:auth-service', target: `webhook:${id}`, details: { error: 'gone (HTTP 410)', failures: 1 } },
  })
  await makeEvents(1)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect(receiver.received).toHaveLength(1)
})

it('stops after three days of failures; what was missed comes when it is enabled, or is left out on wish', async () => {
  receiver.answer = (response) => response.writeHead(500).end()
  const { id } = await create()
  await until(async () => (await webhooks())[0]?.['state'] === 'failing')
  await owner.query("UPDATE webhooks SET failing_since = now() - interval '71 hours'")
  await hurry()
  await until(async () => (await webhooks())[0]?.['failures'] === 2)
  expect((await webhooks())[0]?.['state']).toBe('failing')
  await owner.query("UPDATE webhooks SET failing_since = now() - interval '73 hours'")
  await hurry()
  await until(async () => (await webhooks())[0]?.['state'] === 'disabled')
  await makeEvents(1)
  receiver.received.length = 0
  receiver.answer = OK
  expect(await change(id, { disabled: false })).toMatchObject({ state: 'working', failures: 0 })
  await until(() => receiver.received.length >= 4)
  expect(receiver.types).toEqual(['webhook.create', 'webhook.disable', 'network.change', 'webhook.change'])
  await change(id, { disabled: true })
  await makeEvents(2)
  receiver.received.length = 0
  await change(id, { disabled: false, skipMissed: true })
  await until(() => receiver.received.length >= 1)
  expect(receiver.types).toEqual(['webhook.change'])
})

it(
  'loses nothing and delivers from one instance at a time while instances come and go',
  { timeout: 60_000 },
  async () => {
    receiver.answer = (response) => setTimeout(() => response.writeHead(204).end(), 20)
    await create(['network.change'])
    const first = await headSequence()
    await makeEvents(30)
    await replica[Symbol.asyncDispose]()
    replica = await startReplica(harness)
    await makeEvents(10)
    await harness.restart()
    await makeEvents(10)
    await until(() => new Set(receiver.received.map(({ id }) => id)).size >= 50, 20_000)
    expect(receiver.mostAtOnce).toBe(1)
    // A repetition may come after a stop; nothing is missing and nothing comes late.
    const places = receiver.received.map(({ sequence }) => sequence)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
    expect(places.every((place) => place >= first)).toBe(true)
    expect(places.length).toBeLessThanOrEqual(55)
  },
)

it('takes over from an instance that stopped without a word, when its lease is over', async () => {
  await create(['network.change'])
  const taken = "UPDATE webhooks SET next_attempt_at = now() + interval '3 seconds'"
  await owner.query(taken)
  await makeEvents(1)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect(receiver.received).toHaveLength(0)
  await until(() => receiver.received.length === 1)
})

it('sends a test event, and says what came of it', async () => {
  const { id } = await create(['user.create'])
  expect(await test(id)).toMatchObject({ delivered: true, status: 204, failure: null })
  expect(receiver.types).toEqual(['webhook.test'])
  receiver.answer = (response) => response.writeHead(404).end()
  await change(id, { disabled: true })
  expect(await test(id)).toMatchObject({ delivered: false, status: 404, failure: 'refused' })
  await change(id, { url: 'http://127.0.0.1:1/' })
  expect(await test(id)).toMatchObject({ delivered: false, status: null, failure: 'unreachable' })
})

it('shows a secret once, keeps it sealed, and makes a new one on wish', async () => {
  const { id, secret } = await create(['user.create'])
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  expect(key).toHaveLength(32)
  expect(JSON.stringify(await webhooks())).not.toContain('whsec_')
  const rows = await owner.query<{ sealed_secret: Buffer }>('SELECT sealed_secret FROM webhooks WHERE id = $1', [id])
  expect(rows.rows[0]?.sealed_secret.includes(key)).toBe(false)
  const changed = Object(await change(id, { newSecret: true })) as Row
  expect(changed['secret']).toMatch(/^whsec_/)
  expect(changed['secret']).not.toBe(secret)
  expect(await change(id, { actions: [] })).not.toHaveProperty('secret')
  const audit = JSON.stringify(await acme.client.api.call('GET', '/audit?action=webhook.'))
  expect(audit).not.toContain('whsec_')
  expect(harness.tail()).not.toContain('whsec_')
})

it.each([
  [{ url: 'http://example.com/' }],
  [{ url: 'https://10.0.0.1/' }],
  [{ url: 'https://user:password@example.com/' }],
  [{ url: 'nonsense' }],
  [{}],
  [{ url: 'https://example.com/', actions: ['*'] }],
  [{ url: 'https://example.com/', actions: ['user'] }],
  [{ url: 'https://example.com/', actions: 'user.create' }],
  [{ url: 'https://example.com/', secret: 'mine' }],
])('refuses %j', async (body) => {
  await expect(acme.client.api.call('POST', '/webhooks', body)).rejects.toMatchObject({ code: 'bad-request' })
  expect(await webhooks()).toEqual([])
})

it('belongs to one tenant: another one sees, changes and tests nothing of it', async () => {
  const { id } = await create(['user.create'])
  const rival = await harness.tenant('rival')
  expect(await rival.client.api.call('GET', '/webhooks')).toMatchObject({ items: [] })
  const missing = { status: 404, message: 'There is no such webhook.' }
  await expect(rival.client.api.call('PATCH', `/webhooks/${id}`, { disabled: true })).rejects.toMatchObject(missing)
  await expect(rival.client.api.call('DELETE', `/webhooks/${id}`)).rejects.toMatchObject(missing)
  await expect(rival.client.api.call('POST', `/webhooks/${id}/test`)).rejects.toMatchObject(missing)
  const user = await harness.user(acme, 'nosy', { totp: false })
  await expect(user.client.api.call('GET', '/webhooks')).rejects.toMatchObject({ status: 403 })
  expect(receiver.types).not.toContain('webhook.test')
})

it('shows auditors where it goes, and nothing of what the receiver may know its sender by', async () => {
  await create(['user.create'], `${receiver.url}/secret-path?token=secret-token`)
  const auditor = await harness.user(acme, 'auditor', { totp: false })
  await acme.client.api.call('PATCH', `/users/${auditor.userId}`, { role: 'auditor' })
  await auditor.client.signIn({ tenant: acme.slug, username: 'auditor', password: PASSWORD })
  const found = async (search: string): Promise<unknown[]> =>
    (await listItems(auditor.client.api, `/webhooks?search=${search}`)).map(({ url }) => url)
  const { origin } = new URL(receiver.url)
  expect(await found('')).toEqual([origin])
  expect(await found('127.0.0.1')).toEqual([origin])
  // What is not shown cannot be guessed letter by letter either.
  expect(await found('secret')).toEqual([])
  expect((await webhooks())[0]?.['url']).toContain('/secret-path?token=secret-token')
})

it('has ten of them at most', async () => {
  for (let made = 0; made < 10; made += 1) await create(['user.create'])
  await expect(create()).rejects.toMatchObject({ status: 409, code: 'too-many-webhooks' })
})
