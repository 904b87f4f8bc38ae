import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { totpCode, TotpDevice } from '@sallyport/testkit'

import { AuthServiceHarness, PASSWORD, type TestTenant, type TestUser } from '../integration/auth-service-harness.ts'
import { freePort } from '../integration/free-port.ts'
import type { Account } from '../interop/site.ts'
import { BrowserMachine } from './browser-machine.ts'
import type { Visitor } from './visitor.ts'

const CLOCK = fileURLToPath(new URL('../integration/stepped-clock.ts', import.meta.url))
const STEP_MS = 30_000
/** Longer than the service goes without looking at its clock's file. */
const CLOCK_NOTICED_MS = 100

/**
 * The built auth-service with its portal and no node, at an address at which browsers know passkeys; one tenant; and a
 * browser.
 */
export class PortalService implements AsyncDisposable {
  readonly harness: AuthServiceHarness
  readonly tenant: TestTenant
  readonly machine: BrowserMachine
  readonly #clockFile: string
  readonly #parts: AsyncDisposableStack

  private constructor(
    harness: AuthServiceHarness,
    tenant: TestTenant,
    machine: BrowserMachine,
    place: { clockFile: string; parts: AsyncDisposableStack },
  ) {
    this.harness = harness
    this.tenant = tenant
    this.machine = machine
    this.#clockFile = place.clockFile
    this.#parts = place.parts
  }

  /** Starts it; `before` is done before the tenant is made. */
  static async start(
    slug: string,
    settings: Readonly<Record<string, string>> = {},
    before: (harness: AuthServiceHarness) => Promise<void> = () => Promise.resolve(),
  ): Promise<PortalService> {
    await using parts = new AsyncDisposableStack()
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-portal-'))
    parts.defer(() => rm(directory, { recursive: true, force: true }))
    const clockFile = join(directory, 'offset')
    await writeFile(clockFile, '0')
    const port = String(await freePort())
    const harness = parts.use(
      await AuthServiceHarness.start({
        AUTH_LISTEN: `127.0.0.1:${port}`,
        AUTH_PUBLIC_URL: `http://localhost:${port}`,
        NODE_OPTIONS: `--import=${CLOCK}`,
        STEPPED_CLOCK: clockFile,
        ...settings,
      }),
    )
    await before(harness)
    const tenant = await harness.tenant(slug)
    const machine = parts.use(await BrowserMachine.start(harness.publicUrl))
    return new PortalService(harness, tenant, machine, { clockFile, parts: parts.move() })
  }

  /** The tenant's administrator, of whom no second factor is asked. */
  get administrator(): Account {
    return { username: this.tenant.administrator.username, password: PASSWORD, totp: undefined }
  }

  /** A browser window at the portal. */
  enter(options: Parameters<BrowserMachine['enter']>[0] = {}): Promise<Visitor> {
    return this.machine.enter(options)
  }

  /** A user with a password of their own, and with `totp` an authenticator app. */
  async addPerson(username: string, { totp }: { totp: boolean }): Promise<Account & { readonly user: TestUser }> {
    const user = await this.harness.user(this.tenant, username, { totp })
    const account = { user, username, password: PASSWORD }
    if (!totp) return { ...account, totp: undefined }
    const { secret } = await user.client.beginTotp()
    // The step before: the present one is left for the test.
    await user.client.confirmTotp(totpCode(secret, Date.now() - STEP_MS))
    return { ...account, totp: { secret, device: new TotpDevice(secret) } }
  }

  /** Sets the service's clock so far before or after the machine's. */
  async setClock(offsetMs: number): Promise<void> {
    await writeFile(this.#clockFile, String(offsetMs))
    await delay(CLOCK_NOTICED_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync()
  }
}
