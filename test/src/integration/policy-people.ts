import type { AuthoriseRequest, AuthoriseResponse, ConnectionGrant, Credential } from '@sallyport/contracts'
import { nodeOrder } from '@sallyport/contracts'

import {
  authoriseRequestOf,
  type AuthServiceHarness,
  enrolDevice,
  enrolTotp,
  type NodeClient,
  PASSWORD,
  type TestDevice,
  type TestTenant,
  type TestUser,
  type TotpCodes,
} from './auth-service-harness.ts'

export type Changes = Partial<AuthoriseRequest>

/** A user with a device, who comes from an address of their own and can be asked for a code. */
export class Person {
  readonly user: TestUser
  readonly device: TestDevice
  readonly address: string
  readonly #node: NodeClient
  readonly #codes: TotpCodes | undefined

  constructor(node: NodeClient, user: TestUser, device: TestDevice, address: string, codes?: TotpCodes) {
    this.#node = node
    this.user = user
    this.device = device
    this.address = address
    this.#codes = codes
  }

  get userId(): string {
    return this.user.userId
  }

  /** The same person on another device. */
  async on(name: string): Promise<Person> {
    return new Person(this.#node, this.user, await enrolDevice(this.user, name), this.address, this.#codes)
  }

  /** The same person and device at another address. */
  at(address: string): Person {
    return new Person(this.#node, this.user, this.device, address, this.#codes)
  }

  /** A code that was not used; there are two of them without waiting. */
  code(): string {
    if (!this.#codes) throw new Error('no second factor is enrolled')
    return this.#codes.next()
  }

  ask(credential: Credential, changes: Changes = {}): Promise<AuthoriseResponse> {
    const remote = { transport: 'udp' as const, address: this.address, port: 40_000 }
    const dialogues: AuthoriseRequest['dialogues'] = ['dynamic-challenge']
    return this.#node.authorise(
      authoriseRequestOf(this.user, this.device, credential, { remote, dialogues, ...changes }),
    )
  }

  /** The decision about a password with or without a code: `allow`, `challenge` or why not. */
  async password(code?: string, changes?: Changes): Promise<string> {
    return said(await this.ask(passwordOf(code), changes))
  }

  async token(token: string, changes?: Changes): Promise<string> {
    return said(await this.ask({ kind: 'session-token', token }, changes))
  }

  /** Connects. */
  async connect(code?: string, changes?: Changes): Promise<ConnectionGrant> {
    return grantOf(await this.ask(passwordOf(code), changes))
  }

  /** The renewal of a connection's keys with its token. */
  renegotiate({ sessionToken, connectionId }: ConnectionGrant): Promise<string> {
    return this.token(sessionToken, { phase: 'renegotiation', connectionId })
  }

  /** Tells the service that the tunnel stands. */
  establish(connectionId: string): Promise<void> {
    return this.#report({ type: 'established', connectionId, ipv4: null, ipv6: null, cipher: 'AES-256-GCM' })
  }

  /** Tells the service that the connection is over. */
  leave(connectionId: string): Promise<void> {
    return this.#report({ type: 'ended', connectionId, reason: 'explicit-exit', receivedBytes: '0', sentBytes: '0' })
  }

  async #report(report: object): Promise<void> {
    await this.#node.api.call({
      method: 'POST',
      path: '/node-api/v1/connections/reports',
      body: { reports: [report] },
      response: { safeParse: () => ({ success: true, data: undefined }) },
    })
  }
}

export function passwordOf(code?: string): Credential {
  return { kind: 'password', password: PASSWORD, ...(code === undefined ? {} : { response: code }) }
}

export function grantOf(answer: AuthoriseResponse): ConnectionGrant {
  if (answer.decision !== 'allow') throw new Error(JSON.stringify(answer))
  return answer.grant
}

function said(answer: AuthoriseResponse): string {
  return answer.decision === 'deny' ? answer.code : answer.decision
}

/** Makes people of one tenant. */
export class People {
  readonly #harness: AuthServiceHarness
  readonly #node: NodeClient
  readonly #tenant: TestTenant
  #count = 0

  constructor(harness: AuthServiceHarness, node: NodeClient, tenant: TestTenant) {
    this.#harness = harness
    this.#node = node
    this.#tenant = tenant
  }

  /** Somebody with an authenticator app. */
  async withTotp(): Promise<Person> {
    const user = await this.#user(true)
    const codes = await enrolTotp(user)
    return new Person(this.#node, user, await enrolDevice(user, 'Laptop'), this.#address(), codes)
  }

  /** Somebody of whom no second factor was asked so far, and who is in no group any more. */
  async withoutFactor(): Promise<Person> {
    const user = await this.#user(false)
    const device = await enrolDevice(user, 'Laptop')
    await this.#tenant.client.api.call('DELETE', `/groups/${this.#tenant.passwordOnly}/members/${user.userId}`)
    return new Person(this.#node, user, device, this.#address())
  }

  #user(totp: boolean): Promise<TestUser> {
    this.#count += 1
    return this.#harness.user(this.#tenant, `person-${String(this.#count)}`, { totp })
  }

  #address(): string {
    return `198.51.100.${String(this.#count)}`
  }
}

export interface Revocation {
  readonly connectionId: string | undefined
  readonly userId: string | undefined
  readonly deviceId: string | undefined
  readonly code: string
  readonly message: string
  readonly atMs: number
}

/** Keeps the orders to end something that a node gets. */
export class Revocations implements Disposable {
  readonly seen: Revocation[] = []
  readonly #closed = new AbortController()

  constructor(node: NodeClient, onHello: () => void) {
    void this.#read(node, onHello)
  }

  static async of(node: NodeClient): Promise<Revocations> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const revocations = new Revocations(node, () => {
      resolve(undefined)
    })
    await promise
    return revocations
  }

  async #read(node: NodeClient, onHello: () => void): Promise<void> {
    const { signal } = this.#closed
    try {
      for await (const order of node.api.stream({ path: '/node-api/v1/orders', schema: nodeOrder, signal })) {
        if (order.type === 'hello') onHello()
        if (order.type === 'revoked')
          this.seen.push({
            connectionId: undefined,
            userId: undefined,
            deviceId: undefined,
            ...order,
            atMs: Date.now(),
          })
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  [Symbol.dispose](): void {
    this.#closed.abort()
  }
}
