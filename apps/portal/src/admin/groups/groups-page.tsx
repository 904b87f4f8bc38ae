import { answerOf } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Plus, UsersRound } from 'lucide-react'
import { type JSX, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { useProblemText } from '../../api/problem-text.ts'
import { present } from '../../api/search-params.ts'
import { useMe } from '../../session/me.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState, Page } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { DataTable, ListTools, SearchBox } from '../../ui/table.tsx'
import type { Group } from '../users/people.ts'
import { GroupNameDialog } from './group-name-dialog.tsx'
import { GroupOrderBar } from './group-order-bar.tsx'
import { useGroupColumns } from './groups-columns.tsx'
import { useGroupOrder } from './use-group-order.ts'

const route = getRouteApi('/signed-in/administration/admin/groups')
/** More than a tenant can have: an order is of all of them. */
const ALL = 200

/** Lists the groups in the order in which they decide, and changes that. */
export function GroupsPage(): JSX.Element {
  const t = useTranslations('people.groups')
  const problemText = useProblemText()
  const { permissions } = useMe()
  const { search } = route.useSearch()
  const navigate = route.useNavigate()
  const query = present({ search, limit: ALL })
  const list = useQuery({
    queryKey: ['groups', search === undefined ? 'all' : query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/groups', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
  const mayWrite = permissions.includes('groups.write')
  return (
    <Page title={t('title')} lead={t('lead')} actions={mayWrite ? <AddButton /> : undefined}>
      <ListTools>
        <SearchBox
          label={t('search')}
          value={search ?? ''}
          onChange={(text) => void navigate({ search: text === '' ? {} : { search: text }, replace: true })}
        />
      </ListTools>
      {list.error === null ? (
        <GroupsTable
          groups={list.data?.items}
          mayOrder={mayWrite && search === undefined}
          isFound={search !== undefined}
        />
      ) : (
        <Notice tone="danger">{problemText(list.error)}</Notice>
      )}
    </Page>
  )
}

function AddButton(): JSX.Element {
  const t = useTranslations('people.groups')
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button
        variant="primary"
        icon={<Plus size={18} aria-hidden="true" />}
        onClick={() => {
          setOpen(true)
        }}
      >
        {t('add')}
      </Button>
      {isOpen ? (
        <GroupNameDialog
          onClose={() => {
            setOpen(false)
          }}
        />
      ) : null}
    </>
  )
}

interface GroupsTableProps {
  readonly groups: readonly Group[] | undefined
  readonly mayOrder: boolean
  readonly isFound: boolean
}

function GroupsTable({ groups, mayOrder, isFound }: GroupsTableProps): JSX.Element {
  const t = useTranslations('people.groups')
  const order = useGroupOrder(groups)
  const list = useRef<HTMLDivElement>(null)
  return (
    <div ref={list} tabIndex={-1}>
      <DataTable
        caption={t('title')}
        columns={useGroupColumns(order, mayOrder)}
        items={order.groups}
        keyOf={({ groupId }) => groupId}
        empty={
          <EmptyState icon={<UsersRound size={32} aria-hidden="true" />} title={isFound ? t('noneFound') : t('none')}>
            {isFound ? t('noneFoundHint') : t('noneHint')}
          </EmptyState>
        }
      />
      <GroupOrderBar
        order={order}
        onDiscard={() => {
          order.discard()
          // The bar goes, and with it the button that had the focus.
          list.current?.focus({ preventScroll: true })
        }}
      />
    </div>
  )
}
