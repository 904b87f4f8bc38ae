import { answerOf, type operations } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Cable } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { isNarrowed, present } from '../../api/search-params.ts'
import { usePages } from '../../api/use-pages.ts'
import { useMe } from '../../session/me.ts'
import { PagedList } from '../../session/paged-list.tsx'
import { EmptyState, Page } from '../../ui/layout.tsx'
import { DataTable } from '../../ui/table.tsx'
import { useConnectionColumns } from './connections-columns.tsx'
import { ConnectionDetails } from './connections-details.tsx'
import { EndConnection } from './connections-end.tsx'
import { ConnectionsFilters } from './connections-filters.tsx'
import { connectionsQueryOf, type ConnectionsSearch } from './connections-search.ts'

/** A connection of any user. */
export type Connection = operations['connectionsList']['responses'][200]['content']['application/json']['items'][number]

const route = getRouteApi('/signed-in/administration/admin/connections')

/** Lists the connections of all users as they come and go; ends them and captures their packets. */
export function AllConnectionsPage(): JSX.Element {
  const t = useTranslations('monitoring.connections')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const pages = usePages(JSON.stringify(search))
  const query = present({ ...connectionsQueryOf(search), after: pages.after })
  const list = useQuery({
    queryKey: ['connections', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/connections', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
  const change = (to: ConnectionsSearch): void => void navigate({ search: to, replace: true })
  const items = list.data?.items
  const next = pages.nextOf(list.data?.next)
  return (
    <Page title={t('title')} lead={t('lead')}>
      <ConnectionsFilters search={search} items={items ?? []} onChange={change} />
      <PagedList list={list} pages={pages} shown={(count) => t('shown', { count })}>
        <ConnectionsTable items={items} search={search} isAll={next === undefined} />
      </PagedList>
    </Page>
  )
}

/** What is open over the table. */
interface Open {
  readonly what: 'details' | 'end'
  readonly connection: Connection
}

function ConnectionsTable({
  items,
  search,
  isAll,
}: {
  readonly items: readonly Connection[] | undefined
  readonly search: ConnectionsSearch
  readonly isAll: boolean
}): JSX.Element {
  const t = useTranslations('monitoring.connections')
  const { permissions } = useMe()
  const [open, setOpen] = useState<Open>()
  const mayWrite = permissions.includes('connections.write')
  const columns = useConnectionColumns({
    mayWrite,
    onDetails: (connection) => {
      setOpen({ what: 'details', connection })
    },
    onEnd: (connection) => {
      setOpen({ what: 'end', connection })
    },
  })
  const close = (): void => {
    setOpen(undefined)
  }
  // What is open goes on with the traffic and the end of its connection.
  const shown = open && { ...open, connection: items?.find(isSame(open.connection)) ?? open.connection }
  return (
    <>
      <DataTable
        caption={t('title')}
        columns={columns}
        items={items}
        keyOf={({ connectionId }) => connectionId}
        empty={<NoConnections isFiltered={isNarrowed(search)} isAll={isAll} />}
      />
      {shown?.what === 'details' ? (
        <ConnectionDetails connection={shown.connection} mayWrite={mayWrite} onClose={close} />
      ) : null}
      {shown?.what === 'end' ? <EndConnection connection={shown.connection} onClose={close} /> : null}
    </>
  )
}

/** The service looks at a part of a long history for each answer: what it found nothing in need not be all. */
function NoConnections({ isFiltered, isAll }: { readonly isFiltered: boolean; readonly isAll: boolean }): JSX.Element {
  const t = useTranslations('monitoring.connections')
  const kind = isAll ? (isFiltered ? 'emptyFiltered' : 'empty') : 'emptySoFar'
  return (
    <EmptyState icon={<Cable size={32} aria-hidden="true" />} title={t(kind)}>
      {t(`${kind}Hint`)}
    </EmptyState>
  )
}

function isSame({ connectionId }: Connection): (other: Connection) => boolean {
  return (other) => other.connectionId === connectionId
}
