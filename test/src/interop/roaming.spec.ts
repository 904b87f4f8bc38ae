import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { type Namespace, SeededRandom } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { withRemote } from './client-profile.ts'
import { addAccount, admitClient } from './client-under-test.ts'
import { DatagramRecorder } from './datagram-recorder.ts'
import { NatRouter } from './nat-router.ts'
import { PRIVATE_HOST } from './site.ts'
import { countDatagramsFrom, longestStall, PingTrain } from './traffic.ts'
import { World } from './world.ts'

const SENDER = fileURLToPath(new URL('datagram-sender.ts', import.meta.url))
const DATA_V2 = 9
/** Opcode, key id and peer-id. */
const HEADER_BYTES = 4
const REBINDINGS = 4
const FORGED_COUNT = 3_000

let world: World

beforeAll(async () => {
  world = await World.create({ sites: [{ slug: 'tenant-a' }] })
  await admitClient(world)
})
afterAll(() => world[Symbol.asyncDispose]())

it('carries a download on within a second when its source address and port change', async () => {
  await using nat = await NatRouter.create(world, 'roamer')
  const account = await addAccount(world.site('tenant-a'), 'roamer')
  await using client = await world.startClient(nat.client, account)
  await client.waitForConnected()
  await using train = new PingTrain(nat.client, PRIVATE_HOST.ipv4)
  const firstMs = await train.nextAnswer(5_000)

  const floats = await world.metrics.growth('node_floats_total', 'moved', async () => {
    const stream = longestStall(nat.client, world.site('tenant-a').lan, 2 + 2 * REBINDINGS)
    for (let count = 0; count < REBINDINGS; count++) {
      await delay(2_000)
      await nat.rebind()
    }
    expect((await stream).stallMs).toBeLessThan(1_000)
  })

  expect(train.longestGapMs(firstMs)).toBeLessThan(1_000)
  expect(floats).toBe(REBINDINGS)
  expect(client.events.filter((event) => event.startsWith('>STATE:') && event.includes('RECONNECTING'))).toEqual([])
  expect(client.promptCount).toBe(1)
})

it('renegotiates from the address to which a client has moved', async () => {
  await using nat = await NatRouter.create(world, 'renegotiator')
  const account = await addAccount(world.site('tenant-a'), 'renegotiator')
  await using client = await world.startClient(nat.client, account, { extraArgs: ['--reneg-sec', '6'] })
  await client.waitForConnected()
  await using train = new PingTrain(nat.client, PRIVATE_HOST.ipv4)
  const firstMs = await train.nextAnswer(5_000)
  await nat.rebind()
  const mark = client.mark
  await client.waitForEvent(/Control Channel: TLSv1/, 15_000, mark)
  await train.nextAnswer(5_000)
  expect(train.longestGapMs(firstMs)).toBeLessThan(1_000)
})

it('is not moved by captures that somebody else replays or alters', async () => {
  const host = await world.addHost('victim')
  const thief = await world.addHost('thief')
  const { node } = world.stack.addresses
  const account = await addAccount(world.site('tenant-a'), 'victim')
  await using recorder = await DatagramRecorder.create(node.host, node)
  const profile = withRemote(account.device.profile, { ...node, port: recorder.port, transport: 'udp' })
  await using client = await world.startClient(host, account, { profile })
  await client.waitForConnected()
  await using train = new PingTrain(host, PRIVATE_HOST.ipv4)
  const firstMs = await train.nextAnswer(5_000)
  await delay(2_000)

  const toThief = await countDatagramsFrom(node.port, thief)
  const captures = recorder.recorded.filter((datagram) => (datagram[0] ?? 0) >> 3 === DATA_V2)
  expect(captures.length).toBeGreaterThan(10)
  const before = await world.metrics.reasons('node_engine_total')
  await sendFrom(thief, node, forgeries(captures))
  await train.nextAnswer(5_000)
  const after = await world.metrics.reasons('node_engine_total')

  const grown = (reason: string): number => (after.get(reason) ?? 0) - (before.get(reason) ?? 0)
  expect(grown('dropReplayed')).toBeGreaterThanOrEqual(FORGED_COUNT * 0.3)
  expect(grown('dropBadTag')).toBeGreaterThanOrEqual(FORGED_COUNT * 0.3)
  expect(await toThief()).toBe(0)
  expect(train.longestGapMs(firstMs)).toBeLessThan(1_000)
})

/** A third as they were captured, a third with one bit turned, a third with packet ids that are still to come. */
function forgeries(captures: readonly Buffer[]): readonly Buffer[] {
  const random = new SeededRandom(20_261_122)
  return Array.from({ length: FORGED_COUNT }, (_, index) => {
    const copy = Buffer.from(captures[random.below(captures.length)] ?? Buffer.alloc(0))
    // With another key id or peer id it would be another peer's packet, not a forged one.
    const position = HEADER_BYTES + random.below(copy.length - HEADER_BYTES)
    if (index % 3 === 1) copy[position] = (copy[position] ?? 0) ^ (1 << random.below(8))
    if (index % 3 === 2) copy.writeUInt32BE(copy.readUInt32BE(HEADER_BYTES) + 1_000 + index, HEADER_BYTES)
    return copy
  })
}

async function sendFrom(
  host: Namespace,
  to: { readonly host: string; readonly port: number },
  datagrams: readonly Buffer[],
): Promise<void> {
  const file = join(world.dataDirectory, 'forgeries.json')
  await writeFile(file, JSON.stringify(datagrams.map((datagram) => datagram.toString('base64'))))
  await host.exec(process.execPath, '--conditions=@sallyport/source', SENDER, to.host, String(to.port), file)
}
