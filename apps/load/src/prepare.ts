import { type UserSecrets } from '@sallyport/openvpn-session'
import type { TlsClientContext } from '@sallyport/tls-engine'

import type { RunOptions } from './arguments.ts'
import { type HostPort, hostPortText } from './end-point.ts'
import type { MemberOptions } from './fleet/fleet.ts'
import { dealMembers } from './fleet/members.ts'
import { checkHost, neededDescriptors } from './host/host-check.ts'
import { localAddressFor, resolve } from './host/local-address.ts'
import { LoadError } from './load-error.ts'
import { parseCredentials } from './profile/credentials.ts'
import type { LoadProfile } from './profile/profile.ts'
import { readProfiles, readText } from './profile/profile-set.ts'
import { TlsContexts } from './profile/tls-contexts.ts'
import { needsTarget } from './traffic/mix.ts'

/** An address that was resolved. */
export interface ResolvedPoint {
  readonly address: string
  readonly port: number
}

/** Everything that a run needs to know before it touches the machine. */
export interface Preparation {
  readonly members: readonly MemberOptions[]
  readonly profiles: number
  readonly server: ResolvedPoint
  readonly target: ResolvedPoint | undefined
  readonly tlsContextOf: (profile: LoadProfile) => Pick<TlsClientContext, 'connect'>
}

/** Reads and checks whatever the options name. Throws `LoadError` that says what to change. */
export async function prepare(options: RunOptions): Promise<Preparation> {
  const profiles = await readProfiles(options.profiles)
  const users = await readUsers(options.credentials)
  const server = await resolve(options.remote ?? commonRemote(profiles), 'bad-server')
  const target = options.target && (await resolve(options.target, 'bad-target'))
  const { localAddresses: given, clients, shareProfiles: sharesProfiles } = options
  const localAddresses = given.length > 0 ? given : [await localAddressFor(server)]
  const members = dealMembers({ profiles, users, localAddresses, clients, sharesProfiles })
  const contexts = new TlsContexts()
  // The first profile stands for all: a mistake in it is found before anything begins.
  for (const { profile } of members.slice(0, 1)) contexts.check(profile)
  await checkHost(neededDescriptors(members.length, needsTarget(options.mix)))
  return { members, profiles: profiles.length, server, target, tlsContextOf: contexts.of.bind(contexts) }
}

async function readUsers(file: string | undefined): Promise<readonly UserSecrets[] | undefined> {
  return file === undefined ? undefined : parseCredentials(file, await readText(file))
}

/** Peer-ids are unique for one server only, and so all clients of a run have the same. */
function commonRemote(profiles: readonly LoadProfile[]): HostPort {
  const [first] = profiles
  if (first === undefined) throw new LoadError('no-profiles', 'there is no profile')
  const text = hostPortText(first.remote)
  const other = profiles.find(({ remote }) => hostPortText(remote) !== text)
  if (other === undefined) return first.remote
  throw new LoadError(
    'bad-profile',
    `${other.name} leads to ${hostPortText(other.remote)} and ${first.name} to ${text}: say which server with --remote`,
  )
}
