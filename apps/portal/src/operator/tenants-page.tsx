import { answerOf, type operations } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Building2, Plus } from 'lucide-react'
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
import type { TenantsSearch } from './platform-search.ts'
import { CreateTenant } from './tenant-create.tsx'
import { TenantNamespaces } from './tenant-namespaces.tsx'
import { TenantNetworks } from './tenant-networks.tsx'
import { SuspendTenant } from './tenant-suspend.tsx'
import { type TenantAct, useTenantColumns } from './tenants-columns.tsx'

/** A tenant of the platform. */
export type Tenant = operations['tenantsList']['responses'][200]['content']['application/json']['items'][number]

const route = getRouteApi('/signed-in/administration/platform/tenants')

/** Lists tenants, creates, suspends and resumes them, and gives them namespaces and networks. */
export function TenantsPage(): JSX.Element {
  const t = useTranslations('platform.tenants')
  const mayWrite = useMe().permissions.includes('platform.write')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const pages = usePages(JSON.stringify(search))
  const query = present({ ...search, after: pages.after })
  const list = useQuery({
    queryKey: ['tenants', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/platform/tenants', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
  return (
    <Page title={t('title')} lead={t('lead')} actions={mayWrite ? <CreateButton /> : undefined}>
      <TenantsFilters search={search} onChange={(to) => void navigate({ search: to, replace: true })} />
      <PagedList list={list} pages={pages}>
        <TenantsTable items={list.data?.items} mayWrite={mayWrite} isFiltered={isNarrowed(search)} />
      </PagedList>
    </Page>
  )
}

interface TenantsFiltersProps {
  readonly search: TenantsSearch
  readonly onChange: (search: TenantsSearch) => void
}

function TenantsFilters({ search, onChange }: TenantsFiltersProps): JSX.Element {
  const t = useTranslations('platform.tenants')
  return (
    <ListTools>
      <SearchBox
        label={t('search')}
        value={search.search ?? ''}
        onChange={(text) => {
          onChange(present({ ...search, search: text === '' ? undefined : text }))
        }}
      />
      <SelectField
        label={t('state')}
        value={search.state ?? ''}
        onChange={({ target: { value: state } }) => {
          onChange(present({ ...search, state: choiceIn({ state }, 'state', ['active', 'suspended']) }))
        }}
      >
        <option value="">{t('anyState')}</option>
        <option value="active">{t('active')}</option>
        <option value="suspended">{t('suspended')}</option>
      </SelectField>
    </ListTools>
  )
}

interface TenantsTableProps {
  readonly items: readonly Tenant[] | undefined
  readonly mayWrite: boolean
  readonly isFiltered: boolean
}

function TenantsTable({ items, mayWrite, isFiltered }: TenantsTableProps): JSX.Element {
  const t = useTranslations('platform.tenants')
  const [open, setOpen] = useState<{ readonly act: TenantAct; readonly tenant: Tenant }>()
  const columns = useTenantColumns(mayWrite, (act, tenant) => {
    setOpen({ act, tenant })
  })
  const close = (): void => {
    setOpen(undefined)
  }
  const shown = open && { ...open, tenant: items?.find(isSame(open.tenant)) ?? open.tenant }
  return (
    <>
      <DataTable
        caption={t('title')}
        columns={columns}
        items={items}
        keyOf={({ tenantId }) => tenantId}
        empty={
          <EmptyState
            icon={<Building2 size={32} aria-hidden="true" />}
            title={isFiltered ? t('emptyFiltered') : t('empty')}
          >
            {isFiltered ? t('emptyFilteredHint') : t('emptyHint')}
          </EmptyState>
        }
      />
      {shown?.act === 'networks' ? <TenantNetworks tenant={shown.tenant} mayWrite={mayWrite} onClose={close} /> : null}
      {shown?.act === 'namespaces' ? <TenantNamespaces tenant={shown.tenant} onClose={close} /> : null}
      {shown?.act === 'suspend' ? <SuspendTenant tenant={shown.tenant} onClose={close} /> : null}
    </>
  )
}

function isSame({ tenantId }: Tenant): (other: Tenant) => boolean {
  return (other) => other.tenantId === tenantId
}

function CreateButton(): JSX.Element {
  const t = useTranslations('platform.tenants')
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
        {t('create')}
      </Button>
      {isOpen ? (
        <CreateTenant
          onClose={() => {
            setOpen(false)
          }}
        />
      ) : null}
    </>
  )
}
