import { assemblePushUpdate, type ChangedKind, optionKind } from '@sallyport/openvpn-wire'

import type { ClientAbilities } from '../client-abilities.ts'
import type { Transport } from '../remote-address.ts'
import type { PushConfiguration } from './configuration.ts'
import { configurationOptions } from './options.ts'

/**
 * Writes the messages that turn one configuration into another for a connected client: every kind of option that
 * changed, as its full new list. Empty when nothing changed for this client; `undefined` when it cannot be told all of
 * the change, since half of it would leave the client with what neither configuration says.
 */
export function updateMessages(
  from: PushConfiguration,
  to: PushConfiguration,
  abilities: ClientAbilities,
  transport: Transport,
): readonly string[] | undefined {
  const before = byKind(configurationOptions(from, abilities, transport))
  const after = byKind(configurationOptions(to, abilities, transport))
  const changes: ChangedKind[] = []
  for (const kind of new Set([...before.keys(), ...after.keys()])) {
    const options = after.get(kind) ?? []
    if (before.get(kind)?.join() !== options.join()) changes.push({ kind, options })
  }
  if (changes.length === 0) return []
  const updatable: readonly string[] = abilities.updatableKinds
  return changes.every(({ kind }) => updatable.includes(kind)) ? assemblePushUpdate(changes) : undefined
}

function byKind(options: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const kinds = new Map<string, readonly string[]>()
  for (const option of withKeepalive(options)) {
    const kind = optionKind(option)
    kinds.set(kind, [...(kinds.get(kind) ?? []), option])
  }
  return kinds
}

/** The two timers that a reply sets one by one can only be changed together. */
function withKeepalive(options: readonly string[]): readonly string[] {
  const value = (kind: string): string =>
    options.find((option) => optionKind(option) === kind)?.slice(kind.length + 1) ?? ''
  const others = options.filter((option) => !['ping', 'ping-restart'].includes(optionKind(option)))
  return [`keepalive ${value('ping')} ${value('ping-restart')}`, ...others]
}
