import { answerOf, type operations } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Network } from 'lucide-react'
import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { createPace } from '../api/pace.ts'
import { isNarrowed, present } from '../api/search-params.ts'
import { usePages } from '../api/use-pages.ts'
import { PagedList } from '../session/paged-list.tsx'
import { EmptyState, Muted, Page } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { type Column, DataTable, ListTools, SearchBox } from '../ui/table.tsx'
import { PoolMeter } from './pool-meter.tsx'

type Pool = operations['platformPoolsList']['responses'][200]['content']['application/json']['items'][number]

const route = getRouteApi('/signed-in/administration/platform/pools')

const GAP_MS = 5000
const pace = createPace(GAP_MS)

/** Lists the address pools of all tenants and how full they are, which follows what the nodes report. */
export function PoolsPage(): JSX.Element {
  const t = useTranslations('platform.pools')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const pages = usePages(JSON.stringify(search))
  const query = present({ ...search, after: pages.after })
  const list = useQuery({
    queryKey: ['nodes', 'pools', query],
    queryFn: async ({ signal }) => {
      await pace(JSON.stringify(query), signal)
      return answerOf(api.GET('/api/v1/platform/pools', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })
  const items = list.data?.items
  const isAway = items !== undefined && items.length > 0 && items.every(({ size }) => size === null)
  return (
    <Page title={t('title')} lead={t('lead')}>
      <ListTools>
        <SearchBox
          label={t('search')}
          value={search.search ?? ''}
          onChange={(text) => void navigate({ search: text === '' ? {} : { search: text }, replace: true })}
        />
      </ListTools>
      {isAway ? <Notice tone="warning">{t('away')}</Notice> : null}
      <PagedList list={list} pages={pages}>
        <PoolsTable items={items} isFiltered={isNarrowed(search)} />
      </PagedList>
    </Page>
  )
}

interface PoolsTableProps {
  readonly items: readonly Pool[] | undefined
  readonly isFiltered: boolean
}

function PoolsTable({ items, isFiltered }: PoolsTableProps): JSX.Element {
  const t = useTranslations('platform.pools')
  const format = useFormatter()
  const columns: Column<Pool>[] = [
    { header: t('network'), cell: ({ name }) => name },
    { header: t('tenant'), cell: ({ tenantSlug }) => tenantSlug },
    {
      header: t('free'),
      align: 'end',
      cell: ({ size, leased }) => (size === null || leased === null ? '–' : format.number(size - leased)),
    },
    {
      header: t('leased'),
      cell: ({ size, leased }) =>
        size === null || leased === null ? (
          <Muted>{t('unknown')}</Muted>
        ) : (
          <PoolMeter pool={{ size, leased }} label={t('leased')} />
        ),
    },
  ]
  return (
    <DataTable
      caption={t('title')}
      columns={columns}
      items={items}
      keyOf={({ networkId }) => networkId}
      empty={
        <EmptyState icon={<Network size={32} aria-hidden="true" />} title={isFiltered ? t('noneFound') : t('none')}>
          {isFiltered ? t('noneFoundHint') : t('noneHint')}
        </EmptyState>
      }
    />
  )
}
