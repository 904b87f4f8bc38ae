import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Namespace } from '@sallyport/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import type { TapOptions, TapSide } from './engine.ts'
import { echoRequest } from './testing/inner-packet.ts'
import { codeOf } from './testing/refusal.ts'
import {
  addNetwork,
  engineKey,
  EngineUnderTest,
  type KeyPair,
  randomKeyPair,
  ReferenceClient,
} from './testing/tunnel.ts'

const PEER = 9
/** Types of the blocks of a pcapng file: its section, its interface, a packet, the totals at its end. */
const [SECTION, INTERFACE, PACKET, TOTALS] = [0x0a0d0d0a, 1, 6, 5]
const REQUEST = echoRequest('10.8.0.2', '10.8.0.1', Buffer.from('captured'))

let test: EngineUnderTest
let client: ReferenceClient
let inside: Namespace
let pair: KeyPair
let directory: string
let file: string

beforeAll(async () => {
  test = new EngineUnderTest()
  client = await ReferenceClient.create(test.local)
  inside = await addNetwork(test.engine, 0, 'spe-tap')
  directory = await mkdtemp(join(tmpdir(), 'sallyport-tap-'))
  file = join(directory, 'tap.pcapng')
})

afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
  await inside[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

beforeEach(() => {
  pair = randomKeyPair('AES-256-GCM', 0)
  test.engine.addPeer({
    peerId: PEER,
    network: 0,
    path: test.pathTo(client.endPoint),
    ipv4: '10.8.0.2',
    ipv6: undefined,
  })
  test.engine.setKey(engineKey(pair, PEER, 'primary'))
})

function start(options: Partial<TapOptions> = {}, peerId = PEER): void {
  const fd = openSync(file, 'w')
  try {
    test.engine.startTap(peerId, { side: 'inner', fd, maxBytes: 2 ** 20, ...options })
  } finally {
    closeSync(fd)
  }
}

async function exchange(): Promise<Uint8Array> {
  const sent = await client.send(pair, PEER, REQUEST)
  await vi.waitFor(() => {
    expect(client.takeEchoReplies(pair)).toHaveLength(1)
  })
  return sent
}

/** The blocks of the file once it is complete: type and content of each. */
async function completed(): Promise<{ type: number; content: Buffer }[]> {
  return await vi.waitFor(async () => {
    const bytes = await readFile(file)
    const blocks: { type: number; content: Buffer }[] = []
    for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4))
      blocks.push({
        type: bytes.readUInt32LE(at),
        content: bytes.subarray(at + 8, at + bytes.readUInt32LE(at + 4) - 4),
      })
    expect(blocks.at(-1)?.type).toBe(TOTALS)
    return blocks
  })
}

describe('a tap', () => {
  it.each<TapSide>(['inner', 'outer'])('copies the %s packets of its peer into a file', async (side) => {
    start({ side })
    const sealed = await exchange()
    expect(test.engine.stopTap(PEER)).toMatchObject({ packets: 2n, missed: 0n })
    const blocks = await completed()
    expect(blocks.map(({ type }) => type)).toEqual([SECTION, INTERFACE, PACKET, PACKET, TOTALS])
    expect(blocks[2]?.content.includes(Buffer.from(side === 'inner' ? REQUEST : sealed))).toBe(true)
    test.engine.deletePeer(PEER)
  })

  it('is over with its peer, and its file is complete then', async () => {
    start()
    await exchange()
    test.engine.deletePeer(PEER)
    expect((await completed()).map(({ type }) => type)).toEqual([SECTION, INTERFACE, PACKET, PACKET, TOTALS])
  })

  it('is refused where it makes no sense', () => {
    expect(codeOf(() => test.engine.stopTap(PEER))).toBe('no-tap')
    start()
    const calls: (() => unknown)[] = [
      () => {
        start()
      },
      () => {
        start({}, 77)
      },
      () => {
        start({ maxBytes: 10 })
      },
      () => {
        start({ fd: -1 })
      },
      () => {
        start({ fd: 2 ** 30 })
      },
    ]
    const refused = ['duplicate-tap', 'unknown-peer', 'bad-argument', 'bad-argument', 'system-call-failed']
    expect(calls.map(codeOf)).toEqual(refused)
    test.engine.deletePeer(PEER)
    expect(codeOf(() => test.engine.stopTap(PEER))).toBe('no-tap')
  })
})
