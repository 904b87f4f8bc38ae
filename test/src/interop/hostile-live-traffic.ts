import { fieldOf } from '@sallyport/local-services'
import type { Namespace } from '@sallyport/testkit'

import { runInside } from './hostile-program.ts'
import { PRIVATE_HOST } from './site.ts'

/** One paced stream between a client and the private host. */
export interface LiveStream {
  readonly name: string
  readonly client: Namespace
  readonly transport: 'udp' | 'tcp'
  readonly direction: 'up' | 'down'
  readonly megabitsPerSecond: number
}

/** Runs streams side by side for a while; gives the bytes a second that each delivered, by its name. */
export async function deliveredRates(
  streams: readonly LiveStream[],
  run: { readonly server: Namespace; readonly seconds: number; readonly firstPort: number },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const rates = await Promise.all(
    streams.map(async (stream, index) => {
      return [stream.name, await deliveredRate(stream, { ...run, port: run.firstPort + index }, signal)] as const
    }),
  )
  return new Map(rates)
}

async function deliveredRate(
  stream: LiveStream,
  { server, seconds, port }: { server: Namespace; seconds: number; port: number },
  signal: AbortSignal,
): Promise<number> {
  const at = ['--port', String(port)]
  await using iperf = server.spawn('iperf3', '--server', '--one-off', '--forceflush', ...at)
  await iperf.waitForLine(/Server listening/, 5_000)
  const pace = ['--bitrate', `${String(stream.megabitsPerSecond)}M`, '--time', String(seconds)]
  const how = [...(stream.transport === 'udp' ? ['--udp'] : []), ...(stream.direction === 'down' ? ['--reverse'] : [])]
  const args = ['--json', '--client', PRIVATE_HOST.ipv4, ...at, ...pace, ...how]
  const stdout = await runInside(stream.client, signal, 'iperf3', ...args)
  const end = fieldOf(JSON.parse(stdout), 'end')
  const number = (sum: unknown, name: string): number => Number(fieldOf(sum, name))
  if (stream.transport === 'tcp') return number(fieldOf(end, 'sum_received'), 'bytes') / seconds
  const sum = fieldOf(end, 'sum')
  return (number(sum, 'bytes') * (1 - number(sum, 'lost_packets') / number(sum, 'packets'))) / seconds
}
