import { spawnSync } from 'node:child_process'

import type { EnrolledDevice } from '@sallyport/local-services'

import type { Member, Site } from './site.ts'
import type { World } from './world.ts'

/** What the `openvpn` that the specs run can do: Debian's, or the one that OPENVPN_CLIENT names. */
export const CLIENT = abilitiesOf(minorVersion(process.env['OPENVPN_CLIENT'] ?? 'openvpn'))

interface ClientAbilities {
  /** 6 for OpenVPN 2.6. */
  readonly minor: number
  /** The flavour of profile that it can read. */
  readonly flavour: 'modern' | 'legacy'
  /** Can be asked for a text or sent to a web page while it connects. */
  readonly waitsForUsers: boolean
  /** What it is told to use of what it announces; empty for clients without the option. */
  readonly protocolFlags: readonly string[]
  /** Says goodbye on the control channel. */
  readonly exits: boolean
  /** Takes a changed network without connecting again. */
  readonly isUpdatable: boolean
  /** Name of the option that limits the data ciphers. */
  readonly ciphersOption: '--data-ciphers' | '--ncp-ciphers'
  /** Which of the node's data ciphers it has. */
  readonly dataCiphers: readonly string[]
}

function abilitiesOf(minor: number): ClientAbilities {
  return {
    minor,
    flavour: minor < 5 ? 'legacy' : 'modern',
    waitsForUsers: minor >= 5,
    protocolFlags: protocolFlags(minor),
    exits: minor >= 6,
    isUpdatable: minor >= 7,
    ciphersOption: minor < 5 ? '--ncp-ciphers' : '--data-ciphers',
    dataCiphers: ['AES-256-GCM', 'AES-128-GCM', ...(minor < 5 ? [] : ['CHACHA20-POLY1305'])],
  }
}

function protocolFlags(minor: number): readonly string[] {
  if (minor < 6) return []
  return ['cc-exit', 'tls-ekm', 'dyn-tls-crypt', ...(minor < 7 ? [] : ['aead-epoch'])]
}

function minorVersion(program: string): number {
  // Older ones end with exit code 1 after they have told their version.
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  const [, minor] = /^OpenVPN 2\.(\d+)/.exec(stdout) ?? []
  if (minor === undefined) throw new TypeError(`${program} is no OpenVPN 2`)
  return Number(minor)
}

/** Lets old clients into every site of a world, when the client is one. */
export async function admitClient({ sites, stack }: World): Promise<void> {
  if (CLIENT.flavour === 'modern') return
  const settings = { legacyClients: 'tls-crypt' }
  for (const { tenantId } of sites) await stack.platform.call('PATCH', `/platform/tenants/${tenantId}`, { settings })
}

/** A new member and a device with a profile that the client can read. */
export async function addAccount(
  site: Site,
  username: string,
  { totp = false, flavour = CLIENT.flavour }: { totp?: boolean; flavour?: 'modern' | 'legacy' } = {},
): Promise<{ member: Member; device: EnrolledDevice }> {
  const member = await site.addMember(username, { totp })
  return { member, device: await member.client.enrolDevice('laptop', undefined, flavour) }
}
