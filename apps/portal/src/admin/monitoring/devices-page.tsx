import { answerOf, type operations } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { MonitorSmartphone } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { isNarrowed, present } from '../../api/search-params.ts'
import { serverNowMs } from '../../api/server-clock.ts'
import { usePages } from '../../api/use-pages.ts'
import { useMe } from '../../session/me.ts'
import { PagedList } from '../../session/paged-list.tsx'
import { EmptyState, Page } from '../../ui/layout.tsx'
import { DataTable } from '../../ui/table.tsx'
import { useDeviceColumns } from './devices-columns.tsx'
import { DevicesFilters } from './devices-filters.tsx'
import { RevokeDevice } from './devices-revoke.tsx'
import { devicesQueryOf, type DevicesSearch } from './devices-search.ts'

/** A device of any user. */
export type Device = operations['devicesList']['responses'][200]['content']['application/json']['items'][number]

const route = getRouteApi('/signed-in/administration/admin/devices')

/** Lists the devices of all users, and revokes them. */
export function AllDevicesPage(): JSX.Element {
  const t = useTranslations('monitoring.devices')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const [nowMs] = useState(() => serverNowMs(Date.now()))
  const pages = usePages(JSON.stringify(search))
  const query = present({ ...devicesQueryOf(search, nowMs), after: pages.after })
  const list = useQuery({
    queryKey: ['devices', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/devices', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
  const change = (to: DevicesSearch): void => void navigate({ search: to, replace: true })
  const items = list.data?.items
  return (
    <Page title={t('title')} lead={t('lead')}>
      <DevicesFilters search={search} items={items ?? []} onChange={change} />
      <PagedList list={list} pages={pages} shown={(count) => t('shown', { count })}>
        <DevicesTable items={items} isFiltered={isNarrowed(search)} />
      </PagedList>
    </Page>
  )
}

function DevicesTable({
  items,
  isFiltered,
}: {
  readonly items: readonly Device[] | undefined
  readonly isFiltered: boolean
}): JSX.Element {
  const t = useTranslations('monitoring.devices')
  const { permissions } = useMe()
  const [revoking, setRevoking] = useState<Device>()
  const columns = useDeviceColumns(permissions.includes('devices.write') ? setRevoking : undefined)
  return (
    <>
      <DataTable
        caption={t('title')}
        columns={columns}
        items={items}
        keyOf={({ deviceId }) => deviceId}
        empty={
          <EmptyState
            icon={<MonitorSmartphone size={32} aria-hidden="true" />}
            title={isFiltered ? t('emptyFiltered') : t('empty')}
          >
            {isFiltered ? t('emptyFilteredHint') : t('emptyHint')}
          </EmptyState>
        }
      />
      {revoking === undefined ? null : (
        <RevokeDevice
          device={revoking}
          onClose={() => {
            setRevoking(undefined)
          }}
        />
      )}
    </>
  )
}
