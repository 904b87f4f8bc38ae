import { assembleParts, isPushableOption, LAST_PART, MORE_FOLLOW } from './push-reply.ts'

const HEAD = 'PUSH_UPDATE'

/** Kinds of options that PUSH_UPDATE may change in some client; a kind is the first word of an option. */
export const PUSH_UPDATE_KINDS: ReadonlySet<string> = new Set([
  'block-ipv4',
  'block-ipv6',
  'block-outside-dns',
  'dhcp-option',
  'dns',
  'ifconfig',
  'ifconfig-ipv6',
  'keepalive',
  'redirect-gateway',
  'redirect-private',
  'route',
  'route-gateway',
  'route-ipv6',
  'route-metric',
  'topology',
  'tun-mtu',
])

/** A part of a configuration that changes: every option of one kind, as they are from then on. */
export interface ChangedKind {
  readonly kind: string
  /** The full list; empty when nothing of this kind is left. */
  readonly options: readonly string[]
}

/** One item of an update, as a client reads it. */
export interface PushUpdateItem {
  readonly kind: string
  /** `undefined` takes every option of the kind away. */
  readonly option: string | undefined
  /** A client that cannot change this kind skips the item; without it such a client has to connect anew. */
  readonly optional: boolean
}

/**
 * Assembles the messages that tell a connected client what changed. `undefined` when there is nothing, a kind cannot be
 * changed, or an option cannot be pushed.
 */
export function assemblePushUpdate(changes: readonly ChangedKind[]): readonly string[] | undefined {
  const items = changes.flatMap(({ kind, options }) => (options.length === 0 ? [`-${kind}`] : options))
  const areUpdatable = changes.every(
    ({ kind, options }) => PUSH_UPDATE_KINDS.has(kind) && options.every((option) => optionKind(option) === kind),
  )
  return items.length > 0 && areUpdatable && items.every(isPushableOption) ? assembleParts(HEAD, items) : undefined
}

/**
 * Reads one message of an update. A list is complete with the first message in which nothing more follows; the first
 * item of a kind in a list replaces all earlier options of that kind. `undefined` when it is no update, or one that asks
 * for something impossible without saying that it may be skipped.
 */
export function parsePushUpdate(
  message: string,
  updatable: ReadonlySet<string> = PUSH_UPDATE_KINDS,
): { readonly items: readonly PushUpdateItem[]; readonly moreFollow: boolean } | undefined {
  if (!message.startsWith(`${HEAD},`)) return undefined
  const parts = message
    .slice(HEAD.length + 1)
    .split(',')
    .map((part) => part.replace(/^ /, ''))
  const items = parts.filter((part) => part !== MORE_FOLLOW && part !== LAST_PART).map(parseItem)
  const known = items.filter((item) => item !== undefined)
  if (known.length < items.length || known.some(({ kind, optional }) => !optional && !updatable.has(kind))) {
    return undefined
  }
  return { items: known.filter(({ kind }) => updatable.has(kind)), moreFollow: parts.at(-1) === MORE_FOLLOW }
}

/** Gives the kind of an option, its first word. */
export function optionKind(option: string): string {
  return option.split(' ', 1)[0] ?? ''
}

function parseItem(text: string): PushUpdateItem | undefined {
  const [, minus, questionMark, option] = /^(-?)(\??)([a-z0-9][^\p{Cc}]*)$/u.exec(text) ?? []
  if (option === undefined) return undefined
  const removes = minus === '-'
  // Taking away goes by kind alone; with arguments it would seem to take away one of several.
  if (removes && option.includes(' ')) return undefined
  return { kind: optionKind(option), option: removes ? undefined : option, optional: questionMark === '?' }
}
