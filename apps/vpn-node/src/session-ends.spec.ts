import type { ConnectionGrant, SessionEndsResponse } from '@sallyport/contracts'
import { MAX_SESSION_ENDS } from '@sallyport/contracts'
import { createLogger } from '@sallyport/telemetry'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { type EndingHost, SessionEnds } from './session-ends.ts'
import { sampleGrant } from './testing/sample-grant.ts'

const NOW_MS = Date.parse('2026-01-15T12:00:00.000Z')
const at = (ms: number): string => new Date(NOW_MS + ms).toISOString()

let hosts: Host[]
let asked: (readonly string[])[]
let answer: (ids: readonly string[]) => SessionEndsResponse
let ends: SessionEnds

class Host implements EndingHost {
  readonly grant: ConnectionGrant
  readonly moved: unknown[][] = []

  constructor(connectionId: string, endsInMs: number) {
    this.grant = sampleGrant({ connectionId, sessionEndsAt: at(endsInMs) })
  }

  moveEnd(...args: unknown[]): void {
    this.moved.push(args)
  }
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS })
  hosts = [new Host('soon', 20_000), new Host('later', 3_600_000)]
  asked = []
  answer = (ids) => ({ ends: ids.map((connectionId) => ({ connectionId, sessionEndsAt: at(7_200_000) })) })
  const sessionEnds = (ids: readonly string[]): Promise<SessionEndsResponse> => {
    asked.push(ids)
    return new Promise((resolve) => {
      resolve(answer(ids))
    })
  }
  const everybody = (): readonly EndingHost[] => [...hosts, { grant: undefined, moveEnd: expect.unreachable }]
  ends = new SessionEnds({ sessionEnds }, everybody, createLogger('test', 'silent'))
})
afterEach(() => {
  ends[Symbol.dispose]()
  vi.useRealTimers()
})

it('moves the ends that an order names, and no others', () => {
  const end = { connectionId: 'later', sessionEndsAt: at(60_000) }
  const unknown = { connectionId: 'unknown', sessionEndsAt: at(60_000) }
  ends.obey({ type: 'session-ends', ends: [end, unknown], renewKeys: true })
  expect(hosts.map(({ moved }) => moved)).toEqual([[], [[at(60_000), performance.now(), true]]])
  expect(asked).toEqual([])
})

it('asks about a login before it ends, should an order have been missed', async () => {
  await vi.advanceTimersByTimeAsync(10_000)
  expect(asked).toEqual([['soon']])
  // As it was when the question was put; keys are not renewed for it.
  expect(hosts.map(({ moved }) => moved)).toEqual([[[at(7_200_000), performance.now(), false]], []])
})

it('asks about all of them after a gap, not about too many at once', async () => {
  hosts = Array.from({ length: MAX_SESSION_ENDS + 1 }, (_, place) => new Host(String(place), 3_600_000))
  await ends.ask()
  expect(asked.map(({ length }) => length)).toEqual([MAX_SESSION_ENDS, 1])
  expect(hosts.every(({ moved }) => moved.length === 1)).toBe(true)
})

it('lets everything be as it was granted when auth-service does not answer', async () => {
  answer = () => {
    throw new Error('it is older than this call')
  }
  await ends.ask()
  expect(hosts.flatMap(({ moved }) => moved)).toEqual([])
})
