import type { Permission } from '../http/permissions.ts'

/** What a stream of events tells about, with what somebody must be allowed to see; `self.read` is about themselves. */
const PERMISSION_OF = {
  'own-account': 'self.read',
  'own-devices': 'self.read',
  'own-connections': 'self.read',
  users: 'users.read',
  groups: 'groups.read',
  policy: 'policy.read',
  devices: 'devices.read',
  connections: 'connections.read',
  networks: 'networks.read',
  audit: 'audit.read',
  settings: 'settings.read',
  authorities: 'settings.read',
  webhooks: 'webhooks.read',
  'api-tokens': 'tokens.read',
  overview: 'overview.read',
  nodes: 'platform.read',
  tenants: 'platform.read',
} as const satisfies Readonly<Record<string, Permission>>

export type Topic = keyof typeof PERMISSION_OF

/** Every topic, in the order of the table. */
export const TOPICS: readonly Topic[] = Object.keys(PERMISSION_OF).filter(isTopic)

/** Says whether a text names a topic. */
export function isTopic(text: string): text is Topic {
  return Object.hasOwn(PERMISSION_OF, text)
}

/** Says whether a topic is about somebody's own things: a stream hears only of those of its user. */
export function isOwn(topic: Topic): boolean {
  return PERMISSION_OF[topic] === 'self.read'
}

/** Gives what somebody may hear about; who has a duty first may see nothing but their account. */
export function topicsFor({
  permissions,
  duties,
}: {
  readonly permissions: ReadonlySet<Permission>
  readonly duties: readonly string[]
}): ReadonlySet<Topic> {
  if (duties.length > 0) return new Set(['own-account'])
  return new Set(TOPICS.filter((topic) => isOwn(topic) || permissions.has(PERMISSION_OF[topic])))
}
