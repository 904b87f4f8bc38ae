import { isOwn, type Topic, TOPICS } from './topics.ts'

const USER: readonly Topic[] = ['own-account', 'users', 'overview']
/** What ends somebody's sessions also ends their API tokens, and their connections when the nodes have heard. */
const USER_ENDED: readonly Topic[] = [...USER, 'api-tokens', 'connections', 'own-connections']
const DEVICE: readonly Topic[] = ['own-devices', 'devices', 'authorities', 'overview']
const CONNECTION: readonly Topic[] = ['own-connections', 'connections']
/** Other rules also move the ends of logins that are live. */
const GROUP: readonly Topic[] = ['own-account', 'groups', 'users', ...CONNECTION]
const TENANT: readonly Topic[] = ['own-account', 'settings', 'tenants']

/** What changes with each action of the audit log, beside the log itself. */
const TOPICS_OF: Readonly<Record<string, readonly Topic[]>> = {
  'api-token.create': ['own-account', 'api-tokens'],
  'api-token.revoke': ['own-account', 'api-tokens'],
  'audit.export': [],
  'audit.verify': [],
  'authority.activate': ['authorities', 'overview'],
  'authority.prepare': ['authorities', 'overview'],
  'authority.retire': ['authorities', 'devices', 'own-devices', 'overview'],
  'connection.approve': CONNECTION,
  'connection.authorise': [...CONNECTION, 'own-devices', 'devices', 'overview'],
  'connection.capture-inner': ['connections'],
  'connection.capture-outer': ['connections'],
  'connection.captured': ['connections'],
  'connection.decline': CONNECTION,
  'connection.end': CONNECTION,
  'connection.extend': CONNECTION,
  'connection.renegotiate': CONNECTION,
  'device.create': DEVICE,
  'device.fetch-profile': ['own-devices', 'devices'],
  'device.rename': ['own-devices', 'devices', ...CONNECTION],
  'device.renew': DEVICE,
  'device.revoke': DEVICE,
  'device.use-renewed': DEVICE,
  'group.add-member': GROUP,
  'group.change': ['groups', 'users'],
  'group.create': ['groups'],
  'group.delete': [...GROUP, 'policy'],
  'group.order': [...GROUP, 'policy'],
  'group.remove-member': GROUP,
  'group.set-policy': [...GROUP, 'policy'],
  'join-token.create': ['nodes'],
  'master-key.begin-change': [],
  'master-key.cancel-change': [],
  'master-key.finish-change': [],
  'network.change': ['networks', 'overview'],
  'network.create': ['own-account', 'own-devices', 'networks', 'overview'],
  'passkey.add': USER,
  'passkey.counter-went-back': ['own-account'],
  'passkey.remove': USER,
  'passkey.rename': ['own-account'],
  'policy.set': ['own-account', 'policy', 'users', 'overview', ...CONNECTION],
  'portal.sign-in': ['own-account', 'users'],
  'service.drain': ['nodes'],
  'service.enrol': ['nodes'],
  'service.resume': ['nodes'],
  'service.revoke': ['nodes'],
  'settings.change': ['own-account', 'settings', 'tenants'],
  'tenant.change': TENANT,
  'tenant.create': TENANT,
  'tenant.resume': TENANT,
  'tenant.suspend': TENANT,
  'user.accept-invitation': USER,
  'user.ask-password': ['users'],
  'user.change': [...USER, 'groups'],
  'user.change-password': USER_ENDED,
  'user.choose-password': USER_ENDED,
  'user.create': [...USER, 'groups'],
  'user.delete': [...USER_ENDED, 'groups', 'devices'],
  'user.disable': USER_ENDED,
  'user.enable': USER,
  'user.end-session': ['own-account'],
  'user.end-sessions': USER_ENDED,
  'user.enrol-totp': USER,
  'user.import': [...USER, 'groups'],
  'user.make-recovery-codes': USER,
  'user.reauthenticate': ['own-account'],
  'user.remove-totp': USER,
  'user.reset-factors': USER_ENDED,
  'user.reset-password': USER_ENDED,
  'user.sign-out-everywhere': USER_ENDED,
  'user.unlock': ['users'],
  'webhook.change': ['webhooks'],
  'webhook.create': ['webhooks'],
  'webhook.delete': ['webhooks'],
  'webhook.disable': ['webhooks'],
  'webhook.test': [],
}

/** Actions that change what is everybody's own, and not only of those whom the event is about. */
const OF_EVERYBODY: ReadonlySet<string> = new Set([
  ...['authority.retire', 'group.delete', 'group.order', 'group.set-policy', 'network.create', 'policy.set'],
  ...['settings.change', 'tenant.change', 'tenant.resume', 'tenant.suspend', 'user.import'],
])

/** What changed with an action: for who may see it, and for whom it is their own. */
export interface ChangedTopics {
  readonly topics: readonly Topic[]
  readonly own: readonly Topic[]
  /** The own things of everybody in the tenant, not only of those whom the event is about. */
  readonly ofEverybody: boolean
}

/** Every action with topics of its own. */
export const KNOWN_ACTIONS: readonly string[] = Object.keys(TOPICS_OF)

/** Gives what changes with an action; one that another version of this service wrote may have changed everything. */
export function changedBy(action: string): ChangedTopics {
  const known = Object.hasOwn(TOPICS_OF, action) ? TOPICS_OF[action] : undefined
  const changed: readonly Topic[] = known ?? TOPICS
  return {
    topics: ['audit', ...changed.filter((topic) => !isOwn(topic) && topic !== 'audit')],
    own: changed.filter(isOwn),
    ofEverybody: known === undefined || OF_EVERYBODY.has(action),
  }
}
