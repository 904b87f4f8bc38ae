import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { Badge } from '../../ui/badge.tsx'
import { Muted } from '../../ui/layout.tsx'
import type { Role, User } from './people.ts'
import { stateOf, type UserState } from './user-state.ts'

const TONES = {
  enabled: 'success',
  'password-change': 'info',
  invited: 'info',
  locked: 'warning',
  disabled: 'neutral',
} as const satisfies Readonly<Record<UserState, string>>

/** Says whether a user can come in, in a word. */
export function UserStateBadge({ user }: { readonly user: User }): JSX.Element {
  const t = useTranslations('people.states')
  const state = stateOf(user)
  return <Badge tone={TONES[state]}>{t(state)}</Badge>
}

/** Names the second factors of a user, or that there is none. */
export function FactorNames({ factors }: { readonly factors: User['factors'] }): JSX.Element {
  const t = useTranslations('people.factors')
  const format = useFormatter()
  if (factors.length === 0) return <Badge tone="warning">{t('none')}</Badge>
  return <span>{format.list(factors.map((factor) => t(factor)))}</span>
}

/** Gives the function that names a role. */
export function useRoleName(): (role: Role) => string {
  const t = useTranslations('people.roles')
  return (role) => t(role)
}

const SHOWN_GROUPS = 2

/** Names the groups of a user, the first ones where there is little room. */
export function GroupNames({ groups }: { readonly groups: User['groups'] }): JSX.Element {
  const t = useTranslations('people.users')
  if (groups.length === 0) return <Muted>{t('noGroup')}</Muted>
  const names = groups.slice(0, SHOWN_GROUPS).map(({ name }) => name)
  const more = groups.length - names.length
  return (
    <span title={groups.map(({ name }) => name).join(', ')}>
      {more === 0 ? names.join(', ') : t('moreGroups', { names: names.join(', '), count: more })}
    </span>
  )
}
