import { SeededRandom } from '@sallyport/testkit'
import { expect, it, vi } from 'vitest'

import { echoRequest } from './testing/inner-packet.ts'
import { addNetwork, engineKey, EngineUnderTest, randomKeyPair, ReferenceClient } from './testing/tunnel.ts'

const DATAGRAMS = 200_000
const BURST = 500
const MAX_GROWTH_BYTES = 48 * 1024 * 1024

it('survives 200 000 random datagrams with flat memory and goes on working', { timeout: 120_000 }, async () => {
  await using test = new EngineUnderTest()
  await using namespace = await addNetwork(test.engine, 0, 'spe-flood')
  await using client = await ReferenceClient.create(test.local)
  expect(namespace.name).toContain('spe-flood')
  const pair = randomKeyPair('AES-256-GCM', 0)
  test.engine.addPeer({ peerId: 1, network: 0, path: test.pathTo(client.endPoint), ipv4: '10.8.0.2', ipv6: undefined })
  test.engine.setKey(engineKey(pair, 1, 'primary'))

  const random = new SeededRandom(2026)
  let warm = 0
  for (let sent = 0; sent < DATAGRAMS; sent += BURST) {
    if (sent === DATAGRAMS / 4) warm = process.memoryUsage().rss
    await Promise.all(Array.from({ length: BURST }, () => client.sendRaw(randomDatagram(random))))
    test.control.length = 0
  }
  await vi.waitFor(() => {
    expect(test.engine.counters().udpPacketsReceived).toBeGreaterThan(BigInt(DATAGRAMS * 0.95))
  })
  expect(process.memoryUsage().rss - warm).toBeLessThan(MAX_GROWTH_BYTES)
  expect(test.engine.counters().tunPacketsSent).toBe(0n)

  await client.send(pair, 1, echoRequest('10.8.0.2', '10.8.0.1', Buffer.from('still here')))
  const replies = await vi.waitUntil(() => {
    const taken = client.takeEchoReplies(pair)
    return taken.length > 0 && taken
  })
  expect(replies.map(String)).toEqual(['still here'])
})

/** Half of them look like data packets of the peer that exists. */
function randomDatagram(random: SeededRandom): Buffer {
  const bytes = random.bytes(random.below(120))
  if (bytes.length >= 4 && random.below(2) === 0) bytes.writeUInt32BE(0x4800_0001, 0)
  return bytes
}
