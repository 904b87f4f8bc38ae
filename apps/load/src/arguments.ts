import { parseArgs } from 'node:util'

import { parseAddress } from '@sallyport/ip-network'
import { CLIENT_BEHAVIOURS, type ClientLine } from '@sallyport/openvpn-session'

import { type HostPort, parseHostPort } from './end-point.ts'
import { LoadError } from './load-error.ts'
import { type MixPart, needsTarget, parseMix } from './traffic/mix.ts'

/** What the caller wants to be run against a server. */
export interface RunOptions {
  readonly profiles: string
  readonly shareProfiles: boolean
  readonly credentials: string | undefined
  readonly remote: HostPort | undefined
  /** `undefined`: as many as there are profiles. */
  readonly clients: number | undefined
  readonly ratePerSecond: number
  /** Handshakes at once; `undefined` for as many as the rate brings. */
  readonly inProgress: number | undefined
  readonly connectTimeoutSeconds: number
  readonly holdSeconds: number
  readonly churnPerSecond: number
  readonly reconnect: boolean
  readonly renegotiateSeconds: number | undefined
  readonly family: ClientLine
  readonly localAddresses: readonly string[]
  readonly interfaceName: string
  readonly mix: readonly MixPart[]
  readonly target: HostPort | undefined
  readonly packetsPerSecond: number | undefined
  readonly payloadBytes: number
  readonly bytesPerSecond: number | undefined
  readonly exec: string | undefined
  readonly jsonFile: string | undefined
}

/** One call of the program. */
export type Command =
  | { readonly type: 'help' }
  | { readonly type: 'serve'; readonly listen: HostPort }
  | { readonly type: 'run'; readonly options: RunOptions }

export const USAGE = [
  'usage: npm run load -- --profiles FILE_OR_DIRECTORY [--credentials FILE] [option…]',
  '       npm run load -- serve --listen HOST:PORT',
  '  --clients N --rate PER_SECOND --in-progress N --connect-timeout SECONDS --hold SECONDS',
  '  --churn PER_SECOND --reconnect',
  '  --renegotiate SECONDS --share-profiles --remote HOST:PORT --local ADDRESS[,…] --family LINE --interface NAME',
  '  --mix KIND[:WEIGHT],… --target HOST:PORT --packets-per-second N --payload BYTES --bytes-per-second N',
  '  --exec COMMAND --json FILE',
  'docs/load.md says what each does.',
].join('\n')

/** Peer-ids and listeners are counted in 16 bits. */
const MAX_CLIENTS = 65_000
const MAX_RATE = 10_000
const MAX_SECONDS = 7 * 86_400
const MAX_PACKETS_PER_SECOND = 100_000
/** What carries a time and a number; with the heads of UDP and IP not more than the MTU of the tunnel. */
const [MIN_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES] = [24, 1_400]
const MAX_BYTES_PER_SECOND = 10_000_000_000
const INTERFACE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const OPTIONS = {
  profiles: text,
  'share-profiles': flag,
  credentials: text,
  remote: text,
  clients: text,
  rate: text,
  'in-progress': text,
  'connect-timeout': text,
  hold: text,
  churn: text,
  reconnect: flag,
  renegotiate: text,
  family: text,
  local: text,
  interface: text,
  mix: text,
  target: text,
  'packets-per-second': text,
  payload: text,
  'bytes-per-second': text,
  exec: text,
  json: text,
  listen: text,
  help: flag,
} as const
type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>['values']

/** Reads the command line; throws `LoadError` `usage` that names the first option that is wrong. */
export function readArguments(argv: readonly string[]): Command {
  const { values, positionals } = parse(argv)
  if (values.help === true) return { type: 'help' }
  const [command, ...more] = positionals
  if (more.length > 0 || (command !== undefined && command !== 'serve')) {
    throw usage(`"${more[0] ?? command ?? ''}" is not a command`)
  }
  if (command === 'serve') return { type: 'serve', listen: serveAddress(values) }
  if (values.listen !== undefined) throw usage('--listen belongs to `serve`')
  return { type: 'run', options: runOptions(values) }
}

function parse(argv: readonly string[]): { readonly values: Values; readonly positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error))
  }
}

function serveAddress(values: Values): HostPort {
  const others = Object.keys(values).filter((name) => name !== 'listen')
  if (others.length > 0) throw usage(`--${others[0] ?? ''} does not belong to \`serve\``)
  return hostPort('listen', values.listen) ?? fail('`serve` needs --listen HOST:PORT')
}

function runOptions(values: Values): RunOptions {
  const mix = parseMix(values.mix ?? 'idle') ?? fail(`--mix "${values.mix ?? ''}" is not KIND[:WEIGHT],…`)
  const target = hostPort('target', values.target)
  if (target === undefined && needsTarget(mix)) throw usage('--mix needs --target HOST:PORT, where `serve` listens')
  const interfaceName = values.interface ?? 'load0'
  if (!INTERFACE_NAME.test(interfaceName)) throw usage('--interface is a name of at most 15 letters, digits, . _ and -')
  return {
    profiles: values.profiles ?? fail('--profiles is missing'),
    shareProfiles: values['share-profiles'] === true,
    credentials: values.credentials,
    remote: hostPort('remote', values.remote),
    clients: wholeNumber('clients', values.clients, 1, MAX_CLIENTS),
    ratePerSecond: number('rate', values.rate, 0.01, MAX_RATE) ?? 100,
    inProgress: wholeNumber('in-progress', values['in-progress'], 1, MAX_CLIENTS),
    connectTimeoutSeconds: number('connect-timeout', values['connect-timeout'], 1, 600) ?? 60,
    holdSeconds: number('hold', values.hold, 0, MAX_SECONDS) ?? 10,
    churnPerSecond: number('churn', values.churn, 0, MAX_RATE) ?? 0,
    reconnect: values.reconnect === true,
    renegotiateSeconds: number('renegotiate', values.renegotiate, 1, MAX_SECONDS),
    family: familyOf(values.family ?? '2.6'),
    localAddresses: localAddresses(values.local),
    interfaceName,
    mix,
    target,
    packetsPerSecond: number('packets-per-second', values['packets-per-second'], 0.01, MAX_PACKETS_PER_SECOND),
    payloadBytes: wholeNumber('payload', values.payload, MIN_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES) ?? 64,
    bytesPerSecond: number('bytes-per-second', values['bytes-per-second'], 1_000, MAX_BYTES_PER_SECOND),
    exec: values.exec,
    jsonFile: values.json,
  }
}

function number(name: string, given: string | undefined, minimum: number, maximum: number): number | undefined {
  if (given === undefined) return undefined
  const value = /^\d+(\.\d+)?$/.test(given) ? Number(given) : NaN
  if (value >= minimum && value <= maximum) return value
  throw usage(`--${name} is a number from ${String(minimum)} to ${String(maximum)}, not "${given}"`)
}

function wholeNumber(name: string, given: string | undefined, minimum: number, maximum: number): number | undefined {
  const value = number(name, given, minimum, maximum)
  if (value === undefined || Number.isInteger(value)) return value
  throw usage(`--${name} is a whole number, not "${given ?? ''}"`)
}

function hostPort(name: string, given: string | undefined): HostPort | undefined {
  if (given === undefined) return undefined
  return parseHostPort(given) ?? fail(`--${name} is HOST:PORT or [ADDRESS]:PORT, not "${given}"`)
}

function localAddresses(given: string | undefined): readonly string[] {
  const addresses = given?.split(',') ?? []
  const wrong = addresses.find((address) => parseAddress(address) === undefined)
  if (wrong !== undefined) throw usage(`--local names IP addresses of this machine, and "${wrong}" is none`)
  return addresses
}

function familyOf(given: string): ClientLine {
  for (const name of Object.keys(CLIENT_BEHAVIOURS)) if (name === given && isLine(name)) return name
  throw usage(`--family is one of ${Object.keys(CLIENT_BEHAVIOURS).join(', ')}, not "${given}"`)
}

function isLine(name: string): name is ClientLine {
  return Object.hasOwn(CLIENT_BEHAVIOURS, name)
}

function fail(message: string): never {
  throw usage(message)
}

function usage(message: string): LoadError {
  return new LoadError('usage', `${message}\n\n${USAGE}`)
}
