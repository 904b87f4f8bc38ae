import { Link } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { Card, Facts, Muted, Row } from '../../ui/layout.tsx'
import { DateTime, RelativeTime } from '../../ui/time.tsx'
import type { User } from './people.ts'
import { FactorNames, useRoleName, UserStateBadge } from './user-badges.tsx'

/** Shows what is known of a user. */
export function UserFacts({ user }: { readonly user: User }): JSX.Element {
  const t = useTranslations('people.user')
  const roleName = useRoleName()
  return (
    <Card title={t('facts')}>
      <Facts
        entries={[
          [t('state'), <UserStateBadge key="state" user={user} />],
          [t('role'), roleName(user.role)],
          [t('username'), user.username],
          [t('displayName'), user.displayName],
          [t('email'), user.email],
          [t('factors'), <FactorNames key="factors" factors={user.factors} />],
          [t('groups'), <Groups key="groups" groups={user.groups} />],
          [t('lastSignIn'), user.lastSignInAt === null ? t('never') : <RelativeTime at={user.lastSignInAt} />],
          [t('created'), <DateTime key="created" at={user.createdAt} dateOnly />],
        ]}
      />
    </Card>
  )
}

function Groups({ groups }: Pick<User, 'groups'>): JSX.Element {
  const t = useTranslations('people.users')
  if (groups.length === 0) return <Muted>{t('noGroup')}</Muted>
  return (
    <Row>
      {groups.map(({ groupId, name }) => (
        <Link key={groupId} to="/admin/groups/$groupId" params={{ groupId }}>
          {name}
        </Link>
      ))}
    </Row>
  )
}
