/** What a route may demand of its caller, with what it allows in words. */
export const PERMISSIONS = {
  'self.read': 'see the own account, devices and connections',
  'self.write': 'change the own account, enrol and revoke own devices, end own connections',
  'overview.read':
    'see numbers about connections, failures, enrolment, certificates and pools, by the names of networks',
  'users.read': 'see users and why their sign-ins failed',
  'users.write': 'invite, change, disable, unlock and delete users, reset their passwords and factors',
  'groups.read': 'see groups and who is in them',
  'groups.write': 'change groups and who is in them',
  'policy.read': 'see the policy, and ask what would happen if',
  'policy.write': 'change the policy of the tenant and of groups',
  'devices.read': 'see the devices of all users',
  'devices.write': 'revoke the devices of all users',
  'networks.read': 'see networks',
  'networks.write': 'create and change networks',
  'connections.read': 'see the connections of all users',
  'connections.write': 'end connections and capture their packets',
  'audit.read': 'read, export and verify the audit log, which names users and what is theirs',
  'webhooks.read': 'see webhooks, of their URLs the origin only',
  'webhooks.write': 'create, change and delete webhooks, and see their whole URLs',
  'settings.read': 'see settings and certificate authorities of the tenant',
  'settings.write': 'change settings and roll certificate authorities over',
  'tokens.read': 'see the API tokens of all users',
  'tokens.write': 'revoke the API tokens of all users',
  'platform.read': 'see tenants and services of the platform',
  'platform.write': 'create, change and suspend tenants; enrol, drain and revoke services',
} as const satisfies Readonly<Record<string, string>>

export type Permission = keyof typeof PERMISSIONS

/** Every permission, in the order of the table. */
export const PERMISSION_NAMES: readonly Permission[] = Object.keys(PERMISSIONS).filter(isPermission)

/** What a user is in their tenant; operators are users of the platform's own tenant. */
export const ROLES = ['operator', 'administrator', 'auditor', 'user'] as const
export type Role = (typeof ROLES)[number]

const OF_SELF: readonly Permission[] = ['self.read', 'self.write']
const OF_TENANT = PERMISSION_NAMES.filter((name) => !name.startsWith('platform.') && !name.startsWith('self.'))

const PERMISSIONS_OF: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  user: new Set(OF_SELF),
  auditor: new Set([...OF_SELF, ...OF_TENANT.filter((name) => name.endsWith('.read'))]),
  administrator: new Set([...OF_SELF, ...OF_TENANT]),
  // Operators administer their own tenant as well: there is nobody else to do it.
  operator: new Set(PERMISSION_NAMES),
}

/** Gives what a role may do. */
export function permissionsOf(role: Role): ReadonlySet<Permission> {
  return PERMISSIONS_OF[role]
}

/** Says whether a text names a permission. */
export function isPermission(text: string): text is Permission {
  return Object.hasOwn(PERMISSIONS, text)
}

/** Says whether there is such a role: operators are the administrators of the platform's tenant, and of no other. */
export function isRoleOf(role: Role, { isPlatform }: { readonly isPlatform: boolean }): boolean {
  if (role === 'operator') return isPlatform
  return role !== 'administrator' || !isPlatform
}

/** Reads a user's role; a text that is none, and a role that their tenant does not have, are the least of them. */
export function roleOf(user: { readonly role: string }, tenant: { readonly isPlatform: boolean }): Role {
  const role = ROLES.find((name) => name === user.role) ?? 'user'
  return isRoleOf(role, tenant) ? role : 'user'
}
