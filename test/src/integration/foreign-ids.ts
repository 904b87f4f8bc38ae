import { fieldOf } from '@sallyport/local-services'

import type { Operation } from './api-document.ts'
import type { Ids, Kind } from './one-of-everything.ts'

/** What the `{id}` of a path is, by the path's beginning. A new kind of thing needs its line here. */
const ID_IN_PATH: readonly (readonly [beginning: string, kind: Kind])[] = [
  ['/api/v1/users/', 'user'],
  ['/api/v1/groups/', 'group'],
  ['/api/v1/networks/', 'network'],
  ['/api/v1/devices/', 'device'],
  ['/api/v1/connections/', 'connection'],
  ['/api/v1/me/connections/', 'connection'],
  ['/api/v1/webhooks/', 'webhook'],
  ['/api/v1/api-tokens/', 'api-token'],
  ['/api/v1/me/api-tokens/', 'api-token'],
  ['/api/v1/me/passkeys/', 'passkey'],
  ['/api/v1/authorities/', 'authority'],
  ['/api/v1/platform/tenants/', 'tenant'],
  ['/api/v1/platform/services/', 'tenant'],
]

/** What a parameter or field is, by its name, wherever it is. */
const BY_NAME: Readonly<Record<string, Kind>> = {
  userId: 'user',
  groupId: 'group',
  groupIds: 'group',
  networkId: 'network',
  deviceId: 'device',
  tenantId: 'tenant',
  serviceId: 'tenant',
  sessionId: 'session',
  state: 'challenge',
  token: 'link',
}

/** Bodies that are taken as they are, where the example of the document is only to be read. */
const BODIES: Readonly<Record<string, unknown>> = {
  'post /api/v1/devices': { name: 'another', networkId: '', key: 'server-made' },
  'post /api/v1/devices/{id}/renew': { key: 'server-made' },
}

/** Fields whose name looks like an id's and which name nothing of ours: WebAuthn's own. */
const NO_IDS = ['rawId', 'rpId']

/** A place of an operation that takes an id; without a kind it has no fixture. */
export interface Choice {
  readonly in: 'path' | 'query' | 'body'
  readonly name: string
  readonly kind: Kind | undefined
}

/** Which ids go where: the chosen ones in one place, our own in the others. */
export interface Places {
  readonly ours: Ids
  readonly chosen: Ids
  readonly field: Choice | undefined
}

/** Finds every place of an operation that takes an id. */
export function idFieldsOf(operation: Operation): readonly Choice[] {
  const parameters = operation.parameters.flatMap(({ name, in: where }): Choice[] => {
    if (where === 'path') return [{ in: where, name, kind: kindInPath(operation, name) }]
    return /Ids?$/.test(name) ? [{ in: where, name, kind: BY_NAME[name] }] : []
  })
  const names = new Set(operation.body?.type === 'application/json' ? namesIn(operation.body.schema.properties) : [])
  const fields = [...names]
    .filter((name) => /[a-z]Ids?$/.test(name) && !NO_IDS.includes(name))
    .map((name): Choice => ({ in: 'body', name, kind: BY_NAME[name] }))
  return [...parameters, ...fields]
}

function kindInPath({ path }: Operation, name: string): Kind | undefined {
  if (name !== 'id') return BY_NAME[name]
  return ID_IN_PATH.find(([beginning]) => path.startsWith(`${beginning}{id}`))?.[1]
}

/** Names of all properties of a schema, at any depth. */
function namesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([key, value]) => [key, ...namesIn(value)])
}

/** Writes the path with its ids. */
export function pathOf(operation: Operation, places: Places): string {
  return operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const kind = kindInPath(operation, name)
    if (kind === undefined) return 'x'
    return idsFor(places, 'path', name)[kind]
  })
}

/** Writes the query: nothing but the ids. */
export function queryOf(operation: Operation, places: Places): string {
  const query = new URLSearchParams()
  for (const { in: where, name, kind } of idFieldsOf(operation))
    if (where === 'query' && kind !== undefined) query.set(name, idsFor(places, where, name)[kind])
  return query.size === 0 ? '' : `?${query.toString()}`
}

/** Writes the body: the document's example with our ids, and the chosen one in its place. */
export function bodyOf({ name, body }: Operation, places: Places): { type: string; text: string } | undefined {
  if (body === undefined) return undefined
  if (body.type !== 'application/json') return { type: body.type, text: 'username\n' }
  return { type: body.type, text: JSON.stringify(withIds(BODIES[name] ?? body.example, places)) }
}

function withIds(value: unknown, places: Places): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withIds(item, places))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, part]: [string, unknown]) => {
      const kind = /Ids?$/.test(name) ? BY_NAME[name] : undefined
      if (kind === undefined) return [name, withIds(part, places)]
      const id = idsFor(places, 'body', name)[kind]
      return [name, Array.isArray(fieldOf({ part }, 'part')) ? [id] : id]
    }),
  )
}

function idsFor({ ours, chosen, field }: Places, where: Choice['in'], name: string): Ids {
  return field?.in === where && field.name === name ? chosen : ours
}
