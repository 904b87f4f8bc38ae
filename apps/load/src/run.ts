import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describeError } from '@sallyport/foundation'
import { CLIENT_BEHAVIOURS } from '@sallyport/openvpn-session'
import { createNativeCryptoSuite } from '@sallyport/tls-engine'

import type { RunOptions } from './arguments.ts'
import type { TunnelTerms } from './client/tunnel-terms.ts'
import { WakeWheel } from './client/wake-wheel.ts'
import { runExec } from './exec.ts'
import { Fleet } from './fleet/fleet.ts'
import { FleetStatistics } from './fleet/fleet-statistics.ts'
import { Storm } from './fleet/storm.ts'
import { LoadError } from './load-error.ts'
import { type Preparation, prepare } from './prepare.ts'
import { ProgressReport } from './report/progress.ts'
import { type ExecResult, type Results, resultsOf } from './report/results.ts'
import { Ticker } from './ticker.ts'
import { dealMix, mixText } from './traffic/mix.ts'
import { TrafficMix } from './traffic/traffic-mix.ts'
import { Tunnels } from './tunnels.ts'

const TICK_MS = 20
/** The last goodbye is said by then, and acknowledged or not; what is open still is given up. */
const MAX_GOODBYE_MS = 30_000

/** Runs clients against a server until their time is over or `signal` is aborted. Throws `LoadError` when it cannot. */
export async function run(options: RunOptions, tell: (line: string) => void, signal: AbortSignal): Promise<Results> {
  const preparation = await prepare(options)
  const interruption = new AbortController()
  const stop = (): void => {
    interruption.abort()
  }
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  const early: { run?: LoadRun; failure?: unknown } = {}
  await using tunnels = await Tunnels.open(options.interfaceName, {
    receive: (packets) => early.run?.receive(packets),
    note: (event) => early.run?.note(event),
    fail: (error) => {
      early.failure ??= error
      stop()
    },
  })
  early.run = new LoadRun(options, preparation, tunnels, tell)
  const results = await early.run.play(interruption.signal)
  signal.removeEventListener('abort', stop)
  if (early.failure === undefined) return { ...results, interrupted: signal.aborted }
  throw new LoadError('engine-failed', describeError(early.failure), { cause: early.failure })
}

/** One run: who comes, stays and goes at what time. */
class LoadRun {
  readonly #options: RunOptions
  readonly #preparation: Preparation
  readonly #tunnels: Tunnels
  readonly #fleet: Fleet
  readonly #storm: Storm
  readonly #traffic: TrafficMix
  readonly #wheel: WakeWheel
  readonly #progress: ProgressReport
  readonly #tell: (line: string) => void
  readonly #addresses = new Map<number, string>()
  readonly #startedMs = Date.now()
  readonly #startedCpu = process.cpuUsage()
  readonly receive: Fleet['receive']
  readonly note: Fleet['note']

  constructor(options: RunOptions, preparation: Preparation, tunnels: Tunnels, tell: (line: string) => void) {
    const { members } = preparation
    this.#options = options
    this.#preparation = preparation
    this.#tunnels = tunnels
    this.#tell = tell
    this.#wheel = new WakeWheel(TICK_MS, this.#startedMs)
    this.#fleet = this.#makeFleet()
    this.receive = this.#fleet.receive.bind(this.#fleet)
    this.note = this.#fleet.note.bind(this.#fleet)
    const { ratePerSecond, churnPerSecond, reconnect, inProgress: maxConnecting = Infinity } = options
    const plan = { ratePerSecond, maxConnecting, churnPerSecond, reconnect }
    this.#storm = new Storm(this.#fleet, plan, this.#startedMs)
    this.#traffic = new TrafficMix(dealMix(options.mix, members.length), options, () => performance.now())
    this.#progress = new ProgressReport(this.#fleet, this.#startedMs, tell)
  }

  /** Connects everybody, holds, says goodbye; an abortion goes straight to the goodbye. */
  async play(signal: AbortSignal): Promise<Results> {
    using ticker = new Ticker(TICK_MS, this.#advance.bind(this))
    await ticker.until(() => signal.aborted || this.#storm.isOver)
    const isPointless = this.#fleet.connected === 0 && !this.#options.reconnect
    const exec = signal.aborted || isPointless ? undefined : await this.#hold(ticker, signal)
    const connectedAtEnd = this.#fleet.connected
    const processUse = this.#processUse()
    await this.#sayGoodbye(ticker)
    const { ratePerSecond, holdSeconds, mix } = this.#options
    const { members, profiles } = this.#preparation
    return resultsOf(this.#fleet.statistics, {
      plan: { clients: members.length, profiles, ratePerSecond, holdSeconds, mix: mixText(mix) },
      startedMs: this.#startedMs,
      endedMs: Date.now(),
      interrupted: signal.aborted,
      connectedAtEnd,
      mixes: this.#traffic.results,
      engineCounters: this.#tunnels.engine.counters(),
      exec,
      process: processUse,
    })
  }

  async #hold(ticker: Ticker, signal: AbortSignal): Promise<ExecResult | undefined> {
    await this.#tunnels.device.settled()
    const { exec, holdSeconds } = this.#options
    const untilMs = Date.now() + holdSeconds * 1_000
    this.#progress.phase = 'holding'
    this.#tell(`holding: ${String(this.#fleet.connected)} connected`)
    this.#storm.hold(Date.now())
    this.#traffic.begin()
    if (exec !== undefined) return await this.#exec(exec, signal)
    await ticker.until(() => signal.aborted || Date.now() >= untilMs)
    return undefined
  }

  async #exec(command: string, signal: AbortSignal): Promise<ExecResult> {
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-load-'))
    try {
      const addressesFile = join(directory, 'addresses')
      const addresses = [...this.#addresses.values()]
      await writeFile(addressesFile, addresses.map((address) => `${address}\n`).join(''))
      return await runExec(command, { interfaceName: this.#options.interfaceName, addresses, addressesFile }, signal)
    } finally {
      await rm(directory, { recursive: true })
    }
  }

  async #sayGoodbye(ticker: Ticker): Promise<void> {
    this.#progress.phase = 'leaving'
    this.#traffic.end()
    this.#storm.finish(Date.now())
    const lastMs = Date.now() + MAX_GOODBYE_MS
    await ticker.until(() => this.#storm.isQuiet || Date.now() >= lastMs)
    this.#fleet.abandonAll()
  }

  #advance(): void {
    const nowMs = Date.now()
    this.#wheel.advance(nowMs)
    this.#storm.advance(nowMs)
    this.#traffic.advance(performance.now())
    this.#progress.advance(nowMs)
  }

  #opened(client: number, terms: TunnelTerms): void {
    this.#tunnels.device.add(terms)
    if (terms.ipv4 !== undefined) this.#addresses.set(client, terms.ipv4)
    const { target } = this.#preparation
    const source = target?.address.includes(':') === true ? terms.ipv6 : terms.ipv4
    if (target === undefined || source === undefined) return
    // Its address can be bound to when the device has it.
    void this.#tunnels.device.settled().then(() => {
      if (this.#fleet.isConnected(client)) this.#traffic.opened(client, { source, target })
    })
  }

  #closed(client: number, wasLost: boolean): void {
    this.#addresses.delete(client)
    this.#traffic.closed(client)
    this.#storm.noteClosed(client, wasLost)
  }

  #makeFleet(): Fleet {
    const { members, server, tlsContextOf } = this.#preparation
    const { family, connectTimeoutSeconds, renegotiateSeconds } = this.#options
    const behaviour = CLIENT_BEHAVIOURS[family]
    const renegotiateAfterMs = renegotiateSeconds === undefined ? undefined : renegotiateSeconds * 1_000
    return new Fleet(
      members,
      { behaviour, server, connectTimeoutMs: connectTimeoutSeconds * 1_000, renegotiateAfterMs },
      {
        engine: this.#tunnels.engine,
        suite: createNativeCryptoSuite(),
        wheel: this.#wheel,
        now: () => Date.now(),
        tlsContextOf,
      },
      {
        statistics: new FleetStatistics(),
        observer: { opened: this.#opened.bind(this), closed: this.#closed.bind(this) },
      },
    )
  }

  #processUse(): Results['process'] {
    const { user, system } = process.cpuUsage(this.#startedCpu)
    return {
      cpuSeconds: Math.round((user + system) / 1_000) / 1_000,
      engineCpuSeconds: Math.round(this.#tunnels.engine.cpuSeconds() * 1_000) / 1_000,
      residentBytes: process.memoryUsage.rss(),
    }
  }
}
