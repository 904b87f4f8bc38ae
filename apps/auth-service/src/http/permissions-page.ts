import { type Permission, PERMISSION_NAMES, PERMISSIONS, permissionsOf, type Role, ROLES } from './permissions.ts'
import type { Route } from './routes.ts'

const LISTED: readonly Role[] = ROLES.toReversed()

/** Writes the page of the documentation that says who may call what. */
export function permissionsPage(routes: readonly Route[]): string {
  return [
    '# Who may call what',
    '',
    '<!-- Generated from the code by `npm run openapi`; a test fails when it is stale. -->',
    '',
    'Every operation of the public API states the permission that it needs; one that states none can be called by',
    'nobody. A role is a set of permissions. An API token has those of its scopes that its owner’s present role has.',
    'Permissions of the platform are also those of the operator token (`OPERATOR_TOKEN`). `—` in the last column:',
    'the operation proves or changes who somebody is, and refuses API tokens. `†` after an operation: a session must have',
    'signed in, or proven again who it is (`POST /me/reauthenticate`), in the last five minutes.',
    '',
    '## Roles',
    '',
    ...table(
      ['permission', 'allows to', ...LISTED],
      PERMISSION_NAMES.map((name) => [`\`${name}\``, PERMISSIONS[name], ...marksOf(name)]),
    ),
    '',
    'Operators are users of the platform’s own tenant. Nobody may change, reset, disable or delete a user who may do',
    'more than they themselves.',
    '',
    '## Operations',
    '',
    ...table(
      ['operation', 'does', 'permission', ...LISTED, 'API token'],
      routes.map((route) => [nameOf(route), ...rightsOf(route)]),
    ),
    '',
  ].join('\n')
}

function nameOf({ method, path, access }: Route): string {
  return `\`${method.toUpperCase()} ${path}\`${access.recent ? ' †' : ''}`
}

function rightsOf({ contract, access }: Route): string[] {
  if (access.permission === 'public') return [contract.summary, 'none', ...LISTED.map(() => '✓'), '']
  const token = access.tokens === 'allowed' ? '✓' : '—'
  return [contract.summary, `\`${access.permission}\``, ...marksOf(access.permission), token]
}

function marksOf(permission: Permission): string[] {
  return LISTED.map((role) => (permissionsOf(role).has(permission) ? '✓' : ''))
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}
