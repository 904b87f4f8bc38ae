import { answerOf, type operations } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { UserMinus, UserPlus } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { present } from '../../api/search-params.ts'
import { usePages } from '../../api/use-pages.ts'
import { PagedList } from '../../session/paged-list.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card, EmptyState } from '../../ui/layout.tsx'
import { type Column, DataTable, ListTools, SearchBox } from '../../ui/table.tsx'
import { DateTime } from '../../ui/time.tsx'
import { TwoLines } from '../../ui/two-lines.tsx'
import type { Group } from '../users/people.ts'
import { AddMembers } from './group-add-members.tsx'
import { GroupRemoveMember } from './group-remove-member.tsx'

/** A user in a group. */
export type Member = operations['membersList']['responses'][200]['content']['application/json']['items'][number]

const PAGE_SIZE = 50

interface GroupMembersProps {
  readonly group: Group
  readonly mayWrite: boolean
  readonly search: string | undefined
  readonly onSearch: (text: string) => void
}

/** Lists who is in a group, puts users in and takes them out. */
export function GroupMembers({ group, mayWrite, search, onSearch }: GroupMembersProps): JSX.Element {
  const t = useTranslations('people.members')
  const { groupId } = group
  const pages = usePages(`${groupId} ${search ?? ''}`)
  const query = present({ search, limit: PAGE_SIZE, after: pages.after })
  const list = useQuery({
    queryKey: ['groups', 'members', groupId, query],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/v1/groups/{id}/members', { params: { path: { id: groupId }, query }, signal })),
    placeholderData: keepPreviousData,
  })
  const [leaving, setLeaving] = useState<Member>()
  const columns = useMemberColumns(mayWrite, setLeaving)
  return (
    <Card title={t('title')} actions={mayWrite ? <AddButton group={group} /> : undefined}>
      <ListTools>
        <SearchBox label={t('search')} value={search ?? ''} onChange={onSearch} />
      </ListTools>
      <PagedList list={list} pages={pages}>
        <DataTable
          caption={t('caption', { name: group.name })}
          columns={columns}
          items={list.data?.items}
          keyOf={({ userId }) => userId}
          empty={<EmptyState title={search === undefined ? t('none') : t('noneFound')} />}
        />
      </PagedList>
      {leaving === undefined ? null : (
        <GroupRemoveMember
          group={group}
          member={leaving}
          onClose={() => {
            setLeaving(undefined)
          }}
        />
      )}
    </Card>
  )
}

function useMemberColumns(mayWrite: boolean, onRemove: (member: Member) => void): Column<Member>[] {
  const t = useTranslations('people.members')
  const columns: Column<Member>[] = [
    {
      header: t('user'),
      cell: ({ userId, username, displayName }) => (
        <TwoLines second={displayName}>
          <Link to="/admin/users/$userId" params={{ userId }}>
            {username}
          </Link>
        </TwoLines>
      ),
    },
    {
      header: t('state'),
      cell: ({ disabled }) =>
        disabled ? <Badge>{t('disabled')}</Badge> : <Badge tone="success">{t('enabled')}</Badge>,
    },
    { header: t('since'), cell: ({ since }) => <DateTime at={since} dateOnly /> },
  ]
  if (!mayWrite) return columns
  return [
    ...columns,
    {
      header: t('acts'),
      unnamed: true,
      align: 'end',
      cell: (member) => (
        <Button
          size="small"
          label={t('removeNamed', { name: member.username })}
          icon={<UserMinus size={16} aria-hidden="true" />}
          onClick={() => {
            onRemove(member)
          }}
        />
      ),
    },
  ]
}

function AddButton({ group }: { readonly group: Group }): JSX.Element {
  const t = useTranslations('people.members')
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button
        size="small"
        icon={<UserPlus size={16} aria-hidden="true" />}
        onClick={() => {
          setOpen(true)
        }}
      >
        {t('add')}
      </Button>
      {isOpen ? (
        <AddMembers
          group={group}
          onClose={() => {
            setOpen(false)
          }}
        />
      ) : null}
    </>
  )
}
