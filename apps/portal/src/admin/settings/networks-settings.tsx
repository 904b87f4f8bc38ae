import { answerOf } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Network as NetworkIcon, Pencil, Plus } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { present } from '../../api/search-params.ts'
import { usePages } from '../../api/use-pages.ts'
import { useMe } from '../../session/me.ts'
import { PagedList } from '../../session/paged-list.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState, Muted } from '../../ui/layout.tsx'
import { type Column, DataTable, ListTools, SearchBox } from '../../ui/table.tsx'
import { TwoLines } from '../../ui/two-lines.tsx'
import { NetworkDialog } from './network-dialog.tsx'
import type { Network } from './network-draft.ts'
import { SettingsPage } from './settings-page.tsx'

const route = getRouteApi('/signed-in/administration/admin/settings/networks')

/** Lists the networks that devices connect to, makes and changes them. */
export function NetworksSettings(): JSX.Element {
  const t = useTranslations('settings.networks')
  const { permissions } = useMe()
  const { search } = route.useSearch()
  const navigate = route.useNavigate()
  const pages = usePages(search ?? '')
  const query = present({ search, limit: 50, after: pages.after })
  const list = useQuery({
    queryKey: ['networks', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/networks', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
  const [open, setOpen] = useState<{ network?: Network }>()
  const edited = list.data?.items.find(({ networkId }) => networkId === open?.network?.networkId)
  const mayWrite = permissions.includes('networks.write')
  const columns = useNetworkColumns(mayWrite, (network) => {
    setOpen({ network })
  })
  const add = (
    <Button
      variant="primary"
      icon={<Plus size={18} aria-hidden="true" />}
      onClick={() => {
        setOpen({})
      }}
    >
      {t('add')}
    </Button>
  )
  return (
    <SettingsPage title={t('title')} lead={t('lead')} actions={mayWrite ? add : undefined}>
      <ListTools>
        <SearchBox
          label={t('search')}
          value={search ?? ''}
          onChange={(text) => void navigate({ search: text === '' ? {} : { search: text }, replace: true })}
        />
      </ListTools>
      <PagedList list={list} pages={pages}>
        <DataTable
          caption={t('title')}
          columns={columns}
          items={list.data?.items}
          keyOf={({ networkId }) => networkId}
          empty={
            <EmptyState
              icon={<NetworkIcon size={32} aria-hidden="true" />}
              title={search === undefined ? t('none') : t('noneFound')}
            >
              {search === undefined ? t('noneHint') : t('noneFoundHint')}
            </EmptyState>
          }
        />
      </PagedList>
      {open === undefined ? null : (
        <NetworkDialog
          {...open}
          {...(edited === undefined ? {} : { network: edited })}
          onClose={() => {
            setOpen(undefined)
          }}
        />
      )}
    </SettingsPage>
  )
}

function useNetworkColumns(mayWrite: boolean, onEdit: (network: Network) => void): Column<Network>[] {
  const t = useTranslations('settings.networks')
  const columns: Column<Network>[] = [
    {
      header: t('name'),
      cell: ({ name, namespace }) => <TwoLines second={t('inNamespace', { namespace })}>{name}</TwoLines>,
    },
    { header: t('pool'), cell: ({ ipv4, ipv6 }) => <TwoLines second={ipv6}>{ipv4}</TwoLines> },
    {
      header: t('routes'),
      cell: ({ routes }) => (routes.length === 0 ? <Muted>{t('noRoutes')}</Muted> : <Shortened items={routes} />),
    },
    {
      header: t('dns'),
      cell: ({ dnsServers, dnsDomains }) =>
        dnsServers.length === 0 ? (
          <Muted>{t('noDns')}</Muted>
        ) : (
          <TwoLines second={dnsDomains.join(', ') || undefined}>
            <Shortened items={dnsServers} />
          </TwoLines>
        ),
    },
  ]
  if (!mayWrite) return columns
  return [
    ...columns,
    {
      header: t('acts'),
      unnamed: true,
      align: 'end',
      cell: (network) => (
        <Button
          size="small"
          label={t('editNamed', { name: network.name })}
          icon={<Pencil size={16} aria-hidden="true" />}
          onClick={() => {
            onEdit(network)
          }}
        />
      ),
    },
  ]
}

const SHOWN = 2

function Shortened({ items }: { readonly items: readonly string[] }): JSX.Element {
  const t = useTranslations('settings.networks')
  const more = items.length - SHOWN
  const names = items.slice(0, SHOWN).join(', ')
  return <span title={items.join(', ')}>{more > 0 ? t('more', { names, count: more }) : names}</span>
}
