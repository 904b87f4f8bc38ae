import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { ManagedProcess } from '@sallyport/local-services'
import { Namespace } from '@sallyport/testkit'
import { type Browser, type BrowserContextOptions, chromium } from 'playwright-core'

import { Visitor } from './visitor.ts'
import { WireTap } from './wire-tap.ts'

const PROGRAM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const START_TIMEOUT_MS = 20_000

/**
 * A machine with Debian's Chromium, or the one that the environment variable CHROMIUM names. Its network is a namespace of
 * its own that leads to the portal and nowhere else: nothing can be sent to others, everything that is sent is kept, and
 * Chromium does not drop its requests because interfaces of this machine come and go.
 */
export class BrowserMachine implements AsyncDisposable {
  readonly browser: Browser
  readonly namespace: Namespace
  readonly tap: WireTap
  readonly #publicUrl: string
  readonly #parts: AsyncDisposableStack

  private constructor(
    browser: Browser,
    wire: { namespace: Namespace; tap: WireTap },
    publicUrl: string,
    parts: AsyncDisposableStack,
  ) {
    this.browser = browser
    this.namespace = wire.namespace
    this.tap = wire.tap
    this.#publicUrl = publicUrl
    this.#parts = parts
  }

  static async start(publicUrl: string): Promise<BrowserMachine> {
    await using parts = new AsyncDisposableStack()
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-browser-'))
    parts.defer(() => rm(directory, { recursive: true, force: true }))
    const socket = join(directory, 'wire')
    const tap = parts.use(await WireTap.at(socket, publicUrl))
    const namespace = parts.use(await Namespace.create('browser'))
    const wireEnd = parts.use(startWireEnd(namespace, publicUrl, socket))
    await wireEnd.waitForLine(/^listening$/, START_TIMEOUT_MS)
    const program = join(directory, 'chromium')
    const command = `exec nsenter --net=/run/netns/${namespace.name} -- ${PROGRAM} "$@"`
    await writeFile(program, `#!/bin/sh\n${command}\n`, { mode: 0o700 })
    const browser = parts.use(await chromium.launch({ executablePath: program, args: ARGUMENTS }))
    return new BrowserMachine(browser, { namespace, tap }, publicUrl, parts.move())
  }

  /** Opens a window at the portal for somebody. */
  enter(options: BrowserContextOptions = {}): Promise<Visitor> {
    return Visitor.enter(this.browser, this.#publicUrl, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync()
  }
}

function startWireEnd(namespace: Namespace, publicUrl: string, socket: string): ManagedProcess {
  const program = fileURLToPath(new URL(`./wire-end${extname(import.meta.url)}`, import.meta.url))
  return new ManagedProcess({
    name: 'wire',
    file: process.execPath,
    args: [program, new URL(publicUrl).port, socket],
    namespace: namespace.name,
    stopSignal: 'SIGTERM',
  })
}
