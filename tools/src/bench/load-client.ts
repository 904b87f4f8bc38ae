import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { SallyportError } from '@sallyport/foundation'

import { CHECKOUT } from '../command.ts'
import type { Lane } from './lane.ts'
import type { Device } from './server.ts'

const PROGRAM = join(CHECKOUT, 'apps/load/dist/main.js')
/** A client in a storm waits for those before it. */
const CONNECT_TIMEOUT_SECONDS = 120
/** Our server counts sign-ins of one address as attempts until they are decided. */
const IN_PROGRESS = 24
const INTERFACE = 'load0'
const POLL_MS = 200
const STOP_WAIT_SECONDS = 36_000

class LoadClientError extends SallyportError {}

export interface LoadClientOptions {
  readonly clients: number
  readonly ratePerSecond: number
  /** How long the whole storm may take. */
  readonly timeoutMs: number
}

/** Connected clients of `apps/load` in the client's namespace of a lane. */
export interface LoadClients extends AsyncDisposable {
  /** Inner addresses; a program in the namespace that binds one of them talks through that client's tunnel. */
  readonly addresses: readonly string[]
  readonly interfaceName: string
}

/** Starts the load client with the devices in turn, and waits until all of its clients are connected. */
export async function connectLoadClients(
  lane: Lane,
  devices: readonly Device[],
  { clients, ratePerSecond, timeoutMs }: LoadClientOptions,
): Promise<LoadClients> {
  await using parts = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-bench-load-'))
  parts.defer(() => rm(directory, { recursive: true, force: true }))
  await mkdir(join(directory, 'profiles'))
  for (const [index, { profile }] of devices.entries()) {
    const name = `${String(index).padStart(6, '0')}.ovpn`
    await writeFile(join(directory, 'profiles', name), profile, { mode: 0o600 })
  }
  const credentials = devices.map(({ username, password }) => `${username},${password}\n`).join('')
  await writeFile(join(directory, 'credentials'), credentials, { mode: 0o600 })
  const addressFile = join(directory, 'addresses')
  // The file appears whole, once all clients are connected; they stay until the program is stopped.
  const hold = `cp "$LOAD_ADDRESSES_FILE" ${addressFile}.new && mv ${addressFile}.new ${addressFile} && exec sleep ${String(STOP_WAIT_SECONDS)}`
  const process = parts.use(
    lane.client.spawn(
      globalThis.process.execPath,
      ...['--enable-source-maps', '--max-old-space-size=8192', PROGRAM],
      ...['--profiles', join(directory, 'profiles'), '--credentials', join(directory, 'credentials')],
      ...(clients > devices.length ? ['--share-profiles'] : []),
      ...['--clients', String(clients), '--rate', String(ratePerSecond)],
      ...['--in-progress', String(IN_PROGRESS)],
      ...['--connect-timeout', String(CONNECT_TIMEOUT_SECONDS), '--interface', INTERFACE, '--exec', hold],
    ),
  )
  await process.waitForLine(/holding: \d+ connected/, timeoutMs)
  const addresses = await addressesIn(addressFile, timeoutMs)
  if (addresses.length < clients)
    throw new LoadClientError(
      'not-connected',
      `${String(addresses.length)} of ${String(clients)} clients are connected:\n${process.tail()}`,
    )
  const owned = parts.move()
  return { addresses, interfaceName: INTERFACE, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

async function addressesIn(file: string, timeoutMs: number): Promise<string[]> {
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += POLL_MS) {
    try {
      return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
    } catch {
      await delay(POLL_MS)
    }
  }
  throw new LoadClientError('not-connected', 'the load client said that it is connected, and gave no addresses')
}
