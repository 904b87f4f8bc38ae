import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import { fieldOf } from '@sallyport/local-services'
import type { Namespace } from '@sallyport/testkit'

import { PRIVATE_HOST } from './site.ts'

const STEP_SECONDS = 0.25

/** Sends echo requests, and gives how many were answered. */
export async function ping(
  from: Namespace,
  address: string,
  { count = 3, payloadBytes = 56 } = {},
): Promise<{ sent: number; received: number }> {
  const size = ['-s', String(payloadBytes)]
  const args = ['-n', '-i', '0.2', '-W', '2', '-c', String(count), ...size, address]
  const { stdout, stderr } = await from.try('ping', ...args)
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? []
  // Without any route ping says so and sends nothing.
  if (sent === undefined && !stderr.includes('unreachable')) throw new Error(`ping: ${stdout}${stderr}`)
  return { sent: Number(sent ?? count), received: Number(received ?? 0) }
}

/** Fetches the private host's page; undefined when there is none within the time. */
export async function fetchPage(from: Namespace, address: string, timeoutSeconds = 5): Promise<string | undefined> {
  const host = address.includes(':') ? `[${address}]` : address
  const { code, stdout } = await from.try('curl', '-sS', '--fail', '-m', String(timeoutSeconds), `http://${host}/`)
  return code === 0 ? stdout : undefined
}

/** Downloads repeatable bytes from the private host and gives their SHA-256, hex. */
export async function download(from: Namespace, address: string, bytes: number): Promise<string> {
  const url = `http://${address}/bytes/${String(bytes)}`
  const child = spawnInside(from, ['curl', '-sS', '--fail', '--max-time', '200', url])
  const hash = createHash('sha256')
  let complaint = ''
  child.stdout?.on('data', (chunk: Buffer) => hash.update(chunk))
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  await once(child, 'close')
  if (child.exitCode !== 0) throw new Error(`curl ended with ${String(child.exitCode)}: ${complaint}`)
  return hash.digest('hex')
}

/** Uploads a file to the private host and gives the SHA-256 of what arrived there, hex. */
export async function upload(from: Namespace, address: string, file: string): Promise<string> {
  return from.exec('curl', '-sS', '--fail', '--max-time', '200', '-T', file, `http://${address}/`)
}

/**
 * Receives a TCP stream from the private host at a steady rate, and gives the longest time (in steps of `STEP_SECONDS`)
 * in which nothing came.
 */
export async function longestStall(from: Namespace, server: Namespace, seconds: number): Promise<{ stallMs: number }> {
  await using iperf = server.spawn('iperf3', '--server', '--one-off', '--forceflush')
  await iperf.waitForLine(/Server listening/, 5_000)
  const pace = ['--reverse', '--bitrate', '16M', '--time', String(seconds), '--interval', String(STEP_SECONDS)]
  const report: unknown = JSON.parse(await from.exec('iperf3', '--json', '--client', PRIVATE_HOST.ipv4, ...pace))
  const intervals = fieldOf(report, 'intervals')
  if (!Array.isArray(intervals) || intervals.length < seconds / STEP_SECONDS - 2)
    throw new Error('the stream broke off')
  let steps = 0
  let longest = 0
  for (const interval of intervals) {
    steps = fieldOf(fieldOf(interval, 'sum'), 'bytes') === 0 ? steps + 1 : 0
    longest = Math.max(longest, steps)
  }
  return { stallMs: longest * STEP_SECONDS * 1000 }
}

/** Echo requests at a steady rate until it is disposed; remembers when each answer came. */
export class PingTrain implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #startedMs = Date.now()
  #output = ''

  constructor(from: Namespace, address: string, intervalMs = 100) {
    this.#child = spawnInside(from, ['ping', '-n', '-D', '-i', String(intervalMs / 1000), address])
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
  }

  /** Times (ms since the epoch) at which answers came. */
  get answersMs(): readonly number[] {
    const stamps = this.#output.matchAll(/^\[(\d+\.\d+)\] .*icmp_seq=/gm)
    return [...stamps]
      .map(([line, seconds]) => (line.includes('Unreachable') ? 0 : Number(seconds) * 1000))
      .filter(Boolean)
  }

  /** Of the requests up to the last one that was answered: the share that was not. A busy machine sends fewer, and loses none. */
  get lostShare(): number {
    const answered = [...this.#output.matchAll(/^\[\d+\.\d+\] \d+ bytes .*icmp_seq=(\d+)/gm)].map(([, number]) =>
      Number(number),
    )
    return answered.length === 0 ? 1 : 1 - answered.length / Math.max(...answered)
  }

  /** The longest time without an answer, from the first answer (or `sinceMs`) until now. */
  longestGapMs(sinceMs = 0): number {
    const times = [...this.answersMs.filter((time) => time >= sinceMs), Date.now()]
    const first = Math.max(sinceMs, times[0] ?? this.#startedMs)
    return times.reduce((longest, time, index) => Math.max(longest, time - (times[index - 1] ?? first)), 0)
  }

  /** Waits until an answer comes that is younger than this call. */
  async nextAnswer(timeoutMs: number): Promise<number> {
    const startedMs = Date.now()
    while (Date.now() < startedMs + timeoutMs) {
      const answerMs = this.answersMs.find((time) => time > startedMs)
      if (answerMs !== undefined) return answerMs
      await delay(20)
    }
    throw new Error(`no answer within ${String(timeoutMs)} ms`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGINT')
    await once(this.#child, 'close')
  }
}

/** Counts the datagrams that come into a namespace from a UDP port. */
export async function countDatagramsFrom(port: number, into: Namespace): Promise<() => Promise<number>> {
  const rule = `udp sport ${String(port)} counter`
  const chain = `chain input { type filter hook input priority 0; policy accept; ${rule}; }`
  await into.exec('nft', `table inet watch { ${chain}; }`)
  return async () => Number(/counter packets (\d+)/.exec(await into.exec('nft', 'list', 'table', 'inet', 'watch'))?.[1])
}

function spawnInside(from: Namespace, command: readonly string[]): ChildProcess {
  // Ends with this process, however that ends.
  const tie = ['setpriv', '--pdeathsig', 'TERM', '--']
  return spawn('nsenter', [`--net=/run/netns/${from.name}`, '--', ...tie, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
