import { SallyportError } from '@sallyport/foundation'
import type { ManagedProcess } from '@sallyport/local-services'
import type { Namespace } from '@sallyport/testkit'

import {
  type CapturedPacket,
  destination,
  isEcho,
  parseCapture,
  type SealedPacket,
  sealedPacket,
  source,
  timeToLive,
} from './captured-packet.ts'
import type { DemoNetwork } from './demo-network.ts'

const START_TIMEOUT_MS = 10_000

/** The captures do not show the whole way. */
class PacketTraceError extends SallyportError {}

/** Sends one ping through the tunnel while tcpdump listens in all three namespaces, and writes down its way. */
export async function tracePacket(network: DemoNetwork, host: string): Promise<string> {
  await using client = await capture(network.client, 'icmp or udp')
  await using tenant = await capture(network.tenant, 'icmp')
  await using office = await capture(network.office, 'icmp')
  const route = await network.client.exec('ip', 'route', 'get', host)
  await network.client.exec('ping', '-c', '1', '-W', '5', host)
  const seen = { client: await client.finish(), tenant: await tenant.finish(), office: await office.finish() }

  const asked = find(
    seen.client,
    'in the client’s TUN',
    (packet) => packet.direction === 'Out' && isEcho(packet, 'request'),
  )
  const sealed = findSealed(seen.client, 'Out', asked.timeSeconds)
  const opened = find(
    seen.tenant,
    'opened by the node',
    (packet) => packet.direction === 'In' && isEcho(packet, 'request'),
  )
  const forwarded = find(seen.tenant, 'forwarded', (packet) => packet.direction === 'Out' && isEcho(packet, 'request'))
  const arrived = find(seen.office, 'at the host', (packet) => packet.direction === 'In' && isEcho(packet, 'request'))
  const reply = find(seen.office, 'as the reply', (packet) => packet.direction === 'Out' && isEcho(packet, 'reply'))
  const replyToTun = find(
    seen.tenant,
    'towards the client',
    (packet) => packet.direction === 'Out' && isEcho(packet, 'reply'),
  )
  const sealedReply = findSealed(seen.client, 'In', reply.timeSeconds)
  const answered = find(
    seen.client,
    'back at the client',
    (packet) => packet.direction === 'In' && isEcho(packet, 'reply'),
  )

  const same = opened.bytes.equals(asked.bytes) ? 'byte for byte the same packet' : 'the packet'
  return [
    `route      the kernel of the client chooses: ${route.split('\n', 1)[0]?.trim() ?? ''}`,
    `TUN        ${asked.device} hands openvpn ${describe(asked)}`,
    `sealed     openvpn makes of it ${describeSealed(sealed)}`,
    `UDP        ${sealed.from} → ${sealed.to}: all that the network between sees`,
    `opened     the node checks and opens it; ${opened.device} gets ${same}: ${describe(opened)}`,
    `forwarded  out of ${forwarded.device} with the address of the node: ${describe(forwarded)}`,
    `host       gets ${describe(arrived)}`,
    `reply      ${describe(reply)}`,
    `back       NAT undone, into ${replyToTun.device}: ${describe(replyToTun)}`,
    `sealed     the node makes of it ${describeSealed(sealedReply)}`,
    `UDP        ${sealedReply.from} → ${sealedReply.to}`,
    `TUN        ${answered.device} of the client gives ping ${describe(answered)}`,
  ].join('\n')
}

interface Capture extends AsyncDisposable {
  finish(): Promise<readonly CapturedPacket[]>
}

async function capture(namespace: Namespace, filter: string): Promise<Capture> {
  const lines: string[] = []
  const tcpdump: ManagedProcess = namespace.spawn(
    'tcpdump',
    '-i',
    'any',
    '-nn',
    '-l',
    '-x',
    '-tt',
    '-Z',
    'root',
    '--immediate-mode',
    filter,
  )
  tcpdump.onLine((line) => lines.push(line))
  await tcpdump.waitForLine(/listening on/, START_TIMEOUT_MS)
  return {
    async finish() {
      await tcpdump.stop()
      return parseCapture(lines)
    },
    [Symbol.asyncDispose]: () => tcpdump[Symbol.asyncDispose](),
  }
}

function find(
  packets: readonly CapturedPacket[],
  where: string,
  matches: (packet: CapturedPacket) => boolean,
): CapturedPacket {
  const packet = packets.find(matches)
  if (!packet) throw new PacketTraceError('not-seen', `the packet was not seen ${where}`)
  return packet
}

/** The first data packet after a moment; keep-alive pings of the tunnel are shorter than any IP packet sealed. */
function findSealed(packets: readonly CapturedPacket[], direction: 'In' | 'Out', afterSeconds: number): SealedPacket {
  for (const packet of packets) {
    if (packet.direction !== direction || packet.timeSeconds < afterSeconds) continue
    const sealed = sealedPacket(packet)
    if (sealed && sealed.sealedBytes > 64) return sealed
  }
  throw new PacketTraceError('not-seen', `no sealed packet was seen (${direction})`)
}

function describe(packet: CapturedPacket): string {
  const kind = isEcho(packet, 'request') ? 'request' : 'reply'
  return `${source(packet)} → ${destination(packet)}, ICMP echo ${kind}, ${String(packet.bytes.length)} bytes, TTL ${String(timeToLive(packet))}`
}

function describeSealed({ peerId, packetId, sealedBytes, sample }: SealedPacket): string {
  return `${String(sealedBytes)} bytes: peer-id ${String(peerId)}, packet id ${String(packetId)}, tag and ciphertext ${sample}…`
}
