import { randomBytes } from 'node:crypto'

import {
  type EnrolledDevice,
  EnrolmentClient,
  letInWithoutFactor,
  requiredText,
  type RunningStack,
} from '@sallyport/local-services'
import { connect, Namespace, startWebServer, TotpDevice } from '@sallyport/testkit'

/** Every site uses the same inner addresses, as tenants who know nothing of each other may. */
export const POOL = { ipv4: '10.8.0.0/24', ipv6: 'fd00:8::/112', gateway: '10.8.0.1' } as const
/** The private host, reachable through the tunnel. */
export const PRIVATE_HOST = { ipv4: '10.20.0.2', ipv6: 'fd00:20::2' } as const
/** A second address of that host, in a subnet that is not among the network's routes. */
export const FORBIDDEN_HOST = '10.30.0.2'
const ROUTES = ['10.20.0.0/24', 'fd00:20::/64']

/** What a site is called, and its pool when it is not `POOL`. */
export interface SiteOptions {
  readonly slug: string
  readonly ipv4?: string
}

/** A user with a password of their own. */
export interface Member {
  readonly userId: string
  readonly username: string
  readonly password: string
  /** The second factor, when one is enrolled; it knows which codes are used up. */
  readonly totp: { readonly secret: string; readonly device: TotpDevice } | undefined
  readonly client: EnrolmentClient
}

/** What a person needs to sign in. */
export type Account = Pick<Member, 'username' | 'password' | 'totp'>

/** One tenant with a network: the namespace in which its tunnels end, and behind it a private host with a web server. */
export class Site implements AsyncDisposable {
  readonly slug: string
  readonly tenantId: string
  readonly networkId: string
  readonly administrator: EnrolmentClient
  /** The administrator as a person, for who signs in as them in a browser. */
  readonly administratorAccount: Account
  /** Where the node makes the TUN device. */
  readonly tunnels: Namespace
  /** The private host. */
  readonly lan: Namespace
  readonly #publicUrl: string
  readonly #parts: AsyncDisposableStack

  private constructor(
    names: { slug: string; tenantId: string; networkId: string; publicUrl: string },
    { client, ...account }: Account & Pick<Member, 'client'>,
    { tunnels, lan }: PrivateNetwork,
    parts: AsyncDisposableStack,
  ) {
    this.slug = names.slug
    this.tenantId = names.tenantId
    this.networkId = names.networkId
    this.#publicUrl = names.publicUrl
    this.administrator = client
    this.administratorAccount = account
    this.tunnels = tunnels
    this.lan = lan
    this.#parts = parts
  }

  static async create(stack: RunningStack, options: SiteOptions): Promise<Site> {
    await using parts = new AsyncDisposableStack()
    const { slug } = options
    const place = await buildNetwork(slug, parts)
    const { publicUrl } = stack
    const namespaces = [place.tunnels.name]
    const { tenantId, administrator } = await stack.platform.createTenant(slug, `Tenant ${slug}`, 'admin', namespaces)
    const { client, password } = await signInAnew(
      publicUrl,
      slug,
      administrator.username,
      administrator.oneTimePassword,
    )
    const totp = await enrolTotp(client)
    const network = await client.api.call('POST', '/networks', {
      name: 'office',
      ipv4: options.ipv4 ?? POOL.ipv4,
      ipv6: POOL.ipv6,
      namespace: place.tunnels.name,
      routes: ROUTES,
    })
    const names = { slug, tenantId, networkId: requiredText(network, 'networkId'), publicUrl }
    const account = { username: administrator.username, password, totp, client }
    return new Site(names, account, place, parts.move())
  }

  /** Makes a user who has changed the one-time password; with `totp` also a second factor. */
  async addMember(username: string, { totp = false } = {}): Promise<Member> {
    const created = await this.administrator.api.call('POST', '/users', { username })
    const userId = requiredText(created, 'userId')
    if (!totp) await letInWithoutFactor(this.administrator.api, userId)
    const oneTimePassword = requiredText(created, 'oneTimePassword')
    const { client, password } = await signInAnew(this.#publicUrl, this.slug, username, oneTimePassword)
    return { userId, username, password, client, totp: totp ? await enrolTotp(client) : undefined }
  }

  /** Makes a user without second factor and a device of theirs. */
  async addDevice(username: string): Promise<{ member: Member; device: EnrolledDevice }> {
    const member = await this.addMember(username)
    return { member, device: await member.client.enrolDevice('laptop') }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync()
  }
}

interface PrivateNetwork {
  readonly tunnels: Namespace
  readonly lan: Namespace
}

async function buildNetwork(slug: string, parts: AsyncDisposableStack): Promise<PrivateNetwork> {
  const tunnels = parts.use(await Namespace.create(slug))
  const lan = parts.use(await Namespace.create(`${slug}-lan`))
  parts.use(
    await connect(
      { namespace: tunnels, device: 'lan0', addresses: ['10.20.0.1/24', '10.30.0.1/24', 'fd00:20::1/64'] },
      {
        namespace: lan,
        device: 'eth0',
        addresses: [`${PRIVATE_HOST.ipv4}/24`, `${FORBIDDEN_HOST}/24`, `${PRIVATE_HOST.ipv6}/64`],
      },
    ),
  )
  parts.use(await startWebServer(lan, '::', 80, slug))
  return { tunnels, lan }
}

async function enrolTotp(client: EnrolmentClient): Promise<Member['totp']> {
  const { secret } = await client.beginTotp()
  const device = new TotpDevice(secret)
  await client.confirmTotp(await device.code())
  return { secret, device }
}

async function signInAnew(
  publicUrl: string,
  tenant: string,
  username: string,
  oneTimePassword: string,
): Promise<{ client: EnrolmentClient; password: string }> {
  const client = new EnrolmentClient(publicUrl)
  const password = randomBytes(18).toString('base64url')
  await client.signIn({ tenant, username, password: oneTimePassword })
  await client.changePassword(oneTimePassword, password)
  await client.signIn({ tenant, username, password })
  return { client, password }
}
