import { answerOf, type operations } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { KeyRound, Server } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { choiceIn, isNarrowed, present } from '../api/search-params.ts'
import { usePages } from '../api/use-pages.ts'
import { useMe } from '../session/me.ts'
import { PagedList } from '../session/paged-list.tsx'
import { Button } from '../ui/button.tsx'
import { SelectField } from '../ui/field.tsx'
import { EmptyState, Page } from '../ui/layout.tsx'
import { DataTable, ListTools, SearchBox } from '../ui/table.tsx'
import { type NodeAct, NodeActDialog } from './node-acts.tsx'
import { JoinToken } from './node-join-token.tsx'
import { useNodeColumns } from './nodes-columns.tsx'
import { type NodesSearch, servicesQueryOf } from './platform-search.ts'

/** A service of the cluster. */
export type Service = operations['platformServices']['responses'][200]['content']['application/json']['items'][number]

const route = getRouteApi('/signed-in/administration/platform/nodes')

/** Lists nodes and the other services of the cluster, and takes them in and out of use. */
export function NodesPage(): JSX.Element {
  const t = useTranslations('platform.nodes')
  const mayWrite = useMe().permissions.includes('platform.write')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const pages = usePages(JSON.stringify(search))
  const query = present({ ...servicesQueryOf(search), after: pages.after })
  const list = useQuery({
    queryKey: ['nodes', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/platform/services', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
  return (
    <Page title={t('title')} lead={t('lead')} actions={mayWrite ? <JoinTokenButton /> : undefined}>
      <NodesFilters search={search} onChange={(to) => void navigate({ search: to, replace: true })} />
      <PagedList list={list} pages={pages}>
        <NodesTable items={list.data?.items} mayWrite={mayWrite} isFiltered={isNarrowed(search)} />
      </PagedList>
    </Page>
  )
}

interface NodesFiltersProps {
  readonly search: NodesSearch
  readonly onChange: (search: NodesSearch) => void
}

function NodesFilters({ search, onChange }: NodesFiltersProps): JSX.Element {
  const t = useTranslations('platform.nodes')
  const change = (part: { readonly [Name in keyof NodesSearch]: NodesSearch[Name] | undefined }): void => {
    onChange(present({ ...search, ...part }))
  }
  return (
    <ListTools>
      <SearchBox
        label={t('search')}
        value={search.search ?? ''}
        onChange={(text) => {
          change({ search: text === '' ? undefined : text })
        }}
      />
      <SelectField
        label={t('role')}
        value={search.role ?? ''}
        onChange={({ target: { value: role } }) => {
          change({ role: choiceIn({ role }, 'role', ['ip-allocator', 'all']) })
        }}
      >
        <option value="">{t('onlyNodes')}</option>
        <option value="ip-allocator">{t('onlyAllocators')}</option>
        <option value="all">{t('allServices')}</option>
      </SelectField>
      <SelectField
        label={t('state')}
        value={search.state ?? ''}
        onChange={({ target: { value: state } }) => {
          change({ state: choiceIn({ state }, 'state', ['active', 'draining', 'revoked']) })
        }}
      >
        <option value="">{t('anyState')}</option>
        <option value="active">{t('stateActive')}</option>
        <option value="draining">{t('stateDraining')}</option>
        <option value="revoked">{t('stateRevoked')}</option>
      </SelectField>
    </ListTools>
  )
}

interface NodesTableProps {
  readonly items: readonly Service[] | undefined
  readonly mayWrite: boolean
  readonly isFiltered: boolean
}

function NodesTable({ items, mayWrite, isFiltered }: NodesTableProps): JSX.Element {
  const t = useTranslations('platform.nodes')
  const [open, setOpen] = useState<{ readonly act: NodeAct; readonly service: Service }>()
  const columns = useNodeColumns(
    mayWrite
      ? (act, service) => {
          setOpen({ act, service })
        }
      : undefined,
  )
  return (
    <>
      <DataTable
        caption={t('title')}
        columns={columns}
        items={items}
        keyOf={({ serviceId }) => serviceId}
        empty={
          <EmptyState
            icon={<Server size={32} aria-hidden="true" />}
            title={isFiltered ? t('emptyFiltered') : t('empty')}
          >
            {isFiltered ? t('emptyFilteredHint') : t('emptyHint')}
          </EmptyState>
        }
      />
      {open === undefined ? null : (
        <NodeActDialog
          {...open}
          onClose={() => {
            setOpen(undefined)
          }}
        />
      )}
    </>
  )
}

function JoinTokenButton(): JSX.Element {
  const t = useTranslations('platform.nodes')
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button
        variant="primary"
        icon={<KeyRound size={18} aria-hidden="true" />}
        onClick={() => {
          setOpen(true)
        }}
      >
        {t('join')}
      </Button>
      {isOpen ? (
        <JoinToken
          onClose={() => {
            setOpen(false)
          }}
        />
      ) : null}
    </>
  )
}
