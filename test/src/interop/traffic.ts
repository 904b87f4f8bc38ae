import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import type { Namespace } from '@sallyport/testkit'

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
  const transfer = new Stream(from, ['--max-time', '200', `http://${address}/bytes/${String(bytes)}`])
  return (await transfer.finished).sha256
}

/** Uploads a file to the private host and gives the SHA-256 of what arrived there, hex. */
export async function upload(from: Namespace, address: string, file: string): Promise<string> {
  return from.exec('curl', '-sS', '--fail', '--max-time', '200', '-T', file, `http://${address}/`)
}

/** How a download went. */
export interface StreamReport {
  readonly bytes: number
  readonly sha256: string
  readonly longestSilenceMs: number
}

/** A download by curl inside a namespace, watched chunk by chunk. */
export class Stream {
  readonly finished: Promise<StreamReport>

  constructor(from: Namespace, curlArgs: readonly string[]) {
    const child = spawnInside(from, ['curl', '-sS', '--fail', ...curlArgs])
    this.finished = watch(child)
  }
}

async function watch(child: ChildProcess): Promise<StreamReport> {
  const hash = createHash('sha256')
  let bytes = 0
  let longestSilenceMs = 0
  let lastMs: number | undefined
  let complaint = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    const nowMs = performance.now()
    if (lastMs !== undefined) longestSilenceMs = Math.max(longestSilenceMs, nowMs - lastMs)
    lastMs = nowMs
    bytes += chunk.length
    hash.update(chunk)
  })
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  await once(child, 'close')
  if (child.exitCode !== 0)
    throw new Error(`curl ended with ${String(child.exitCode)} after ${String(bytes)} bytes: ${complaint}`)
  return { bytes, sha256: hash.digest('hex'), longestSilenceMs }
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
  const table = 'inet watch'
  const chain = 'chain input { type filter hook input priority 0; policy accept; udp sport'
  await into.exec('nft', `table ${table} { ${chain} ${String(port)} counter; }`)
  return async () => Number(/counter packets (\d+)/.exec(await into.exec('nft', 'list', 'table', 'inet', 'watch'))?.[1])
}

function spawnInside(from: Namespace, command: readonly string[]): ChildProcess {
  return spawn('nsenter', [`--net=/run/netns/${from.name}`, '--', ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
}
