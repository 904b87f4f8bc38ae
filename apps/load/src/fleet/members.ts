import type { UserSecrets } from '@sallyport/openvpn-session'

import { LoadError } from '../load-error.ts'
import type { LoadProfile } from '../profile/profile.ts'
import type { MemberOptions } from './fleet.ts'

/** What clients are made of, each list used in turn. */
export interface MemberSources {
  readonly profiles: readonly LoadProfile[]
  readonly users: readonly UserSecrets[] | undefined
  readonly localAddresses: readonly string[]
  /** `undefined`: as many as there are profiles. */
  readonly clients: number | undefined
  /** Several clients may have the same profile. */
  readonly sharesProfiles: boolean
}

/** Deals profiles, users and addresses to clients. Throws `LoadError` when there is too little of something. */
export function dealMembers({
  profiles,
  users,
  localAddresses,
  clients,
  sharesProfiles,
}: MemberSources): MemberOptions[] {
  const count = clients ?? profiles.length
  if (count > profiles.length && !sharesProfiles) {
    throw new LoadError(
      'too-few-profiles',
      `${String(count)} clients need as many profiles and there are ${String(profiles.length)}: a Sallyport node lets a ` +
        'device be connected once. For a server that allows more, say --share-profiles',
    )
  }
  const asking = profiles.find(({ asksForPassword }) => asksForPassword)
  if (users === undefined && asking !== undefined) {
    throw new LoadError('no-credentials', `${asking.name} asks for a user name and a password: give --credentials FILE`)
  }
  const inTurn = <Item>(items: readonly Item[], index: number, none: Item): Item => items[index % items.length] ?? none
  return Array.from({ length: count }, (_, index) => {
    const profile = profiles[index % profiles.length]
    if (profile === undefined) throw new LoadError('no-profiles', 'there is no profile')
    return {
      profile,
      secrets: inTurn(users ?? [], index, { username: '', password: '' }),
      localAddress: inTurn(localAddresses, index, '0.0.0.0'),
    }
  })
}
