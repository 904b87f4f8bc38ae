import { answerOf } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { FileUp, UserPlus, Users } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { isNarrowed, present } from '../../api/search-params.ts'
import { usePages } from '../../api/use-pages.ts'
import { useMe } from '../../session/me.ts'
import { PagedList } from '../../session/paged-list.tsx'
import { Button, LinkButton } from '../../ui/button.tsx'
import { EmptyState, Page } from '../../ui/layout.tsx'
import { type Column, DataTable } from '../../ui/table.tsx'
import { RelativeTime } from '../../ui/time.tsx'
import { TwoLines } from '../../ui/two-lines.tsx'
import type { User } from './people.ts'
import { FactorNames, GroupNames, useRoleName, UserStateBadge } from './user-badges.tsx'
import { UserCreateDialog } from './user-create-dialog.tsx'
import { UsersFilters } from './users-filters.tsx'
import { usersQueryOf, type UsersSearch } from './users-search.ts'

const route = getRouteApi('/signed-in/administration/admin/users')
const PAGE_SIZE = 50

/** Lists the users of the tenant, and makes new ones. */
export function UsersPage(): JSX.Element {
  const t = useTranslations('people.users')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const pages = usePages(JSON.stringify(search))
  const query = present({ ...usersQueryOf(search), limit: PAGE_SIZE, after: pages.after })
  const list = useQuery({
    queryKey: ['users', 'list', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/users', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
  const change = (to: UsersSearch): void => void navigate({ search: to, replace: true })
  const items = list.data?.items
  return (
    <Page title={t('title')} lead={t('lead')} actions={<UsersActs />}>
      <UsersFilters search={search} onChange={change} />
      <PagedList list={list} pages={pages} shown={(count) => t('shown', { count })}>
        <UsersTable items={items} isFiltered={isNarrowed(search)} />
      </PagedList>
    </Page>
  )
}

function UsersActs(): JSX.Element | null {
  const t = useTranslations('people.users')
  const { permissions } = useMe()
  const [isOpen, setOpen] = useState(false)
  if (!permissions.includes('users.write')) return null
  return (
    <>
      <LinkButton to="/admin/users/import" icon={<FileUp size={18} aria-hidden="true" />}>
        {t('import')}
      </LinkButton>
      <Button
        variant="primary"
        icon={<UserPlus size={18} aria-hidden="true" />}
        onClick={() => {
          setOpen(true)
        }}
      >
        {t('add')}
      </Button>
      {isOpen ? (
        <UserCreateDialog
          onClose={() => {
            setOpen(false)
          }}
        />
      ) : null}
    </>
  )
}

interface UsersTableProps {
  readonly items: readonly User[] | undefined
  readonly isFiltered: boolean
}

function UsersTable({ items, isFiltered }: UsersTableProps): JSX.Element {
  const t = useTranslations('people.users')
  return (
    <DataTable
      caption={t('title')}
      columns={useUserColumns()}
      items={items}
      keyOf={({ userId }) => userId}
      empty={
        <EmptyState icon={<Users size={32} aria-hidden="true" />} title={isFiltered ? t('noneFound') : t('none')}>
          {isFiltered ? t('noneFoundHint') : t('noneHint')}
        </EmptyState>
      }
    />
  )
}

function useUserColumns(): Column<User>[] {
  const t = useTranslations('people.users')
  const roleName = useRoleName()
  return [
    {
      header: t('user'),
      cell: ({ userId, username, displayName, email }) => (
        <TwoLines second={displayName ?? email}>
          <Link to="/admin/users/$userId" params={{ userId }}>
            {username}
          </Link>
        </TwoLines>
      ),
    },
    {
      header: t('stateAndRole'),
      cell: (user) => (
        <TwoLines second={roleName(user.role)}>
          <UserStateBadge user={user} />
        </TwoLines>
      ),
    },
    { header: t('factor'), cell: ({ factors }) => <FactorNames factors={mainFactors(factors)} /> },
    { header: t('groups'), cell: ({ groups }) => <GroupNames groups={groups} /> },
    {
      header: t('lastSignIn'),
      cell: ({ lastSignInAt }) => (lastSignInAt === null ? t('never') : <RelativeTime at={lastSignInAt} />),
    },
  ]
}

/** Recovery codes only bring back who has lost another factor. */
function mainFactors(factors: User['factors']): User['factors'] {
  const main = factors.filter((factor) => factor !== 'recovery-code')
  return main.length === 0 ? factors : main
}
