import { expect, it } from 'vitest'

import { EventStream } from './event-stream.ts'
import { EventStreams, MAX_STREAMS_OF_SESSION, MAX_STREAMS_OF_USER, type WatchedSession } from './event-streams.ts'
import { type Topic, topicsFor } from './topics.ts'

const ALL: ReadonlySet<Topic> = new Set<Topic>(['own-devices', 'devices', 'tenants'])
const OWN: ReadonlySet<Topic> = new Set<Topic>(['own-devices'])

function sessionOf(sessionName: string, change: Partial<WatchedSession> = {}): WatchedSession {
  const owner = { sessionName, tenantId: 'acme', userId: 'alice', address: '192.0.2.1' }
  return { ...owner, allowed: ALL, judgedAtMs: 0, ...change }
}

/** Gives the topics that were sent since the last time. */
function read(stream: EventStream): string[] {
  stream.flush()
  const text = String(stream.readable.read() ?? '')
  return [...text.matchAll(/\{"topics":(\[.*\])\}/g)].flatMap(([, topics = '[]']) => JSON.parse(topics) as string[])
}

it('sends each topic once, however often it was noted, and nothing that may not be heard', () => {
  const stream = new EventStream(OWN, () => undefined)
  stream.note(['own-devices', 'devices'])
  stream.note(['own-devices'])
  expect(read(stream)).toEqual(['own-devices'])
  expect(read(stream)).toEqual([])
})

it('forgets what was noted before the right to hear of it was taken', () => {
  const stream = new EventStream(ALL, () => undefined)
  stream.note(['devices', 'own-devices'])
  stream.allowed = OWN
  expect(read(stream)).toEqual(['own-devices'])
})

it('cuts a reader off who does not read', async () => {
  let closed = false
  const stream = new EventStream(ALL, () => {
    closed = true
  })
  for (let count = 0; count < 1000 && !stream.readable.destroyed; count += 1) {
    stream.note(['devices'])
    stream.flush()
  }
  await new Promise(setImmediate)
  expect([stream.readable.destroyed, closed]).toEqual([true, true])
  stream.beat()
})

it('says its last words before it ends', async () => {
  const stream = new EventStream(ALL, () => undefined)
  stream.end('session-ended')
  stream.note(['devices'])
  stream.flush()
  expect((await stream.readable.toArray()).join('')).toBe('retry: 2000\n\nevent: session-ended\ndata: {}\n\n')
})

it('tells own things to their user alone, and nothing to another tenant', () => {
  const streams = new EventStreams()
  const alice = streams.open(sessionOf('1'))
  const bob = streams.open(sessionOf('2', { userId: 'bob' }))
  const stranger = streams.open(sessionOf('3', { tenantId: 'rival' }))
  streams.note('acme', ['own-devices', 'devices'], new Set(['alice']))
  expect([alice, bob, stranger].map(read)).toEqual([['own-devices', 'devices'], ['devices'], []])
  streams.note('acme', ['own-devices'], 'everybody')
  expect([alice, bob, stranger].map(read)).toEqual([['own-devices'], ['own-devices'], []])
  streams.noteEverywhere(['tenants'])
  expect([alice, bob, stranger].map(read)).toEqual([['tenants'], ['tenants'], ['tenants']])
})

it('ends the oldest stream of a session that wants one too many, and tells its browser to wait', async () => {
  const streams = new EventStreams()
  const [oldest, ...others] = Array.from({ length: MAX_STREAMS_OF_SESSION + 1 }, () => streams.open(sessionOf('1')))
  expect((await oldest?.readable.toArray())?.join('')).toBe('retry: 2000\n\nretry: 60000\n\n')
  expect(others.some(({ readable }) => readable.readableEnded)).toBe(false)
  expect(streams.size).toBe(MAX_STREAMS_OF_SESSION)
})

it('ends the oldest stream of who signs in again and again to take those of all others', async () => {
  const streams = new EventStreams()
  const bob = streams.open(sessionOf('bob', { userId: 'bob' }))
  const names = Array.from({ length: MAX_STREAMS_OF_USER + 2 }, (_, index) => String(index))
  const alices = names.map((name) => streams.open(sessionOf(name)))
  await new Promise(setImmediate)
  expect(streams.size).toBe(MAX_STREAMS_OF_USER + 1)
  expect(streams.sessions.map(({ sessionName }) => sessionName)).toEqual(['bob', ...names.slice(2)])
  expect((await alices[0]?.readable.toArray())?.join('')).toContain('retry: 60000')
  expect(bob.readable.readableEnded).toBe(false)
})

it('refuses one tenant more than its share, and lets others have theirs', async () => {
  const refused: string[] = []
  const streams = new EventStreams((reason) => refused.push(reason), { ofInstance: 10, ofTenant: 2 })
  const [first] = ['1', '2'].map((name) => streams.open(sessionOf(name, { userId: name })))
  const refusal = { status: 503, code: 'too-many-streams-of-tenant', headers: { 'retry-after': '30' } }
  expect(() => streams.open(sessionOf('3', { userId: '3' }))).toThrow(expect.objectContaining(refusal))
  expect([streams.size, refused]).toEqual([2, ['too-many-streams-of-tenant']])
  expect(streams.open(sessionOf('4', { tenantId: 'rival' })).readable.readableEnded).toBe(false)
  first?.readable.destroy()
  await new Promise(setImmediate)
  streams.open(sessionOf('3', { userId: '3' }))
  expect(streams.size).toBe(3)
})

it('tells who has a duty first about nothing but their account', () => {
  const permissions = new Set(['self.read', 'devices.read'] as const)
  expect([...topicsFor({ permissions, duties: ['password-change'] })]).toEqual(['own-account'])
  expect([...topicsFor({ permissions, duties: [] })]).toEqual([
    'own-account',
    'own-devices',
    'own-connections',
    'devices',
  ])
})

it('refuses more streams than it can bear, and counts none twice', async () => {
  const streams = new EventStreams(undefined, { ofInstance: 2, ofTenant: 2 })
  const first = streams.open(sessionOf('1'))
  streams.open(sessionOf('2'))
  expect(() => streams.open(sessionOf('3'))).toThrow(expect.objectContaining({ status: 503, code: 'too-many-streams' }))
  first.readable.destroy()
  first.readable.destroy()
  await new Promise(setImmediate)
  expect(streams.size).toBe(1)
  streams.open(sessionOf('3'))
  streams.endSession(sessionOf('3'))
  streams.endSession(sessionOf('3'))
  streams.close()
  await new Promise(setImmediate)
  expect([streams.size, streams.tenants, streams.sessions]).toEqual([0, [], []])
})
