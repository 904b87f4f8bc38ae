import { fstatSync, statfsSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { CaptureReport } from '@sallyport/contracts'
import { createLogger } from '@sallyport/telemetry'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { CaptureDesk, type CaptureOrder } from './capture-desk.ts'

const PEER = 7
const SUBJECT = { tenantId: 'acme', peerId: PEER }

let directory: string
let taps: Map<number, { side: string; maxBytes: number }>
let descriptors: number[]
let reports: (CaptureReport & { connectionId: string })[]

beforeEach(async () => {
  vi.useFakeTimers()
  directory = await mkdtemp(join(tmpdir(), 'sallyport-capture-'))
  taps = new Map()
  descriptors = []
  reports = []
})

afterEach(async () => {
  vi.useRealTimers()
  await rm(directory, { recursive: true })
})

function id(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
}

function order(number: number, changes: Partial<CaptureOrder> = {}): CaptureOrder {
  return {
    type: 'capture',
    captureId: id(number),
    connectionId: id(100 + number),
    side: 'inner',
    seconds: 60,
    maxBytes: 2 ** 20,
    ...changes,
  }
}

function desk(files: string | undefined = directory): CaptureDesk {
  return new CaptureDesk({
    engine: {
      startTap: (peerId, { side, fd, maxBytes }) => {
        expect(fstatSync(fd).isFile()).toBe(true)
        descriptors.push(fd)
        taps.set(peerId, { side, maxBytes })
      },
      stopTap: (peerId) => {
        if (!taps.delete(peerId)) throw new Error('no such tap')
        return { packets: 12n, missed: 3n, fileBytes: 4096n }
      },
    },
    reports: { captured: (connectionId, report) => void reports.push({ connectionId, ...report }) },
    directory: files,
    log: createLogger('test', 'silent'),
  })
}

it('writes to a file that only its owner can read, until the time is over, and tells what is in it', async () => {
  using captures = desk()
  captures.start(order(1, { side: 'outer' }), SUBJECT)
  expect(taps.get(PEER)).toEqual({ side: 'outer', maxBytes: 2 ** 20 })
  expect(() => fstatSync(descriptors[0] ?? -1)).toThrow('EBADF')
  expect((await stat(join(directory, `${id(1)}.pcapng`))).mode & 0o777).toBe(0o600)
  vi.advanceTimersByTime(59_999)
  expect(reports).toEqual([])
  vi.advanceTimersByTime(1)
  expect(taps.size).toBe(0)
  expect(reports).toEqual([
    { connectionId: id(101), captureId: id(1), outcome: 'finished', packets: '12', missed: '3' },
  ])
})

it('completes the file when the connection ends first, once', () => {
  using captures = desk()
  captures.start(order(1), SUBJECT)
  captures.finish(id(101))
  captures.finish(id(101))
  vi.advanceTimersByTime(120_000)
  expect(reports.map(({ outcome }) => outcome)).toEqual(['finished'])
})

it('lets the next capture of a connection have its own time', () => {
  using captures = desk()
  captures.start(order(1), SUBJECT)
  vi.advanceTimersByTime(30_000)
  captures.finish(id(101))
  captures.start(order(2, { connectionId: id(101) }), SUBJECT)
  vi.advanceTimersByTime(59_999)
  expect(reports.map(({ captureId }) => captureId)).toEqual([id(1)])
})

it('tells the end of a capture of which the engine knows nothing', () => {
  using captures = desk()
  captures.start(order(1), SUBJECT)
  taps.clear()
  captures.finish(id(101))
  expect(reports).toMatchObject([{ outcome: 'finished', packets: '0', missed: '0' }])
})

it('completes every file when the node stops', () => {
  {
    using captures = desk()
    captures.start(order(1), { tenantId: 'acme', peerId: 1 })
    captures.start(order(2), { tenantId: 'acme', peerId: 2 })
  }
  expect(taps.size).toBe(0)
  expect(reports.map(({ captureId }) => captureId)).toEqual([id(1), id(2)])
})

it('refuses without a directory, without a tunnel, and what goes on already', async () => {
  using captures = desk()
  captures.start(order(1), undefined)
  captures.start(order(2), SUBJECT)
  captures.start(order(3, { connectionId: id(102) }), SUBJECT)
  using none = new CaptureDesk({
    engine: { startTap: () => undefined, stopTap: () => ({ packets: 0n, missed: 0n, fileBytes: 0n }) },
    reports: { captured: (connectionId, report) => void reports.push({ connectionId, ...report }) },
    directory: undefined,
    log: createLogger('test', 'silent'),
  })
  none.start(order(4), SUBJECT)
  expect(reports.map(({ outcome }) => outcome)).toEqual(['no-connection', 'busy', 'not-enabled'])
  expect(await readdir(directory)).toEqual([`${id(2)}.pcapng`])
})

it('has eight captures at once, two of them one tenant’s, and no more', () => {
  using captures = desk()
  captures.start(order(11), { tenantId: 'rival', peerId: 11 })
  captures.start(order(12), { tenantId: 'rival', peerId: 12 })
  captures.start(order(13), { tenantId: 'rival', peerId: 13 })
  for (let number = 1; number <= 7; number++)
    captures.start(order(number), { tenantId: `tenant-${String(number)}`, peerId: number })
  expect(taps.size).toBe(8)
  expect(reports.map(({ captureId, outcome }) => [captureId, outcome])).toEqual([
    [id(13), 'busy'],
    [id(7), 'busy'],
  ])
})

it('leaves no file of a capture that the engine refuses', async () => {
  using captures = new CaptureDesk({
    engine: {
      startTap: () => {
        throw new Error('no such peer')
      },
      stopTap: () => ({ packets: 0n, missed: 0n, fileBytes: 0n }),
    },
    reports: { captured: (connectionId, report) => void reports.push({ connectionId, ...report }) },
    directory,
    log: createLogger('test', 'silent'),
  })
  captures.start(order(1), SUBJECT)
  expect(reports.map(({ outcome }) => outcome)).toEqual(['file-error'])
  expect(await readdir(directory)).toEqual([])
})

it('begins nothing that could fill the disk', () => {
  using captures = desk()
  const { bavail, bsize } = statfsSync(directory)
  // Half of what must stay free would be left, whatever others write meanwhile.
  captures.start(order(1, { maxBytes: bavail * bsize - 2 ** 29 }), SUBJECT)
  expect(reports.map(({ outcome }) => outcome)).toEqual(['file-error'])
})

it('says so when there is no file to be had, and never writes over one', () => {
  using elsewhere = desk(join(directory, 'missing'))
  elsewhere.start(order(1), SUBJECT)
  using captures = desk()
  captures.start(order(2), SUBJECT)
  captures.finish(id(102))
  captures.start(order(2), SUBJECT)
  expect(reports.map(({ outcome }) => outcome)).toEqual(['file-error', 'finished', 'file-error'])
})
