import { answerOf, type operations } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Download, ScrollText, ShieldCheck } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { present } from '../../api/search-params.ts'
import { usePages } from '../../api/use-pages.ts'
import { PagedList } from '../../session/paged-list.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState, Page } from '../../ui/layout.tsx'
import { DataTable } from '../../ui/table.tsx'
import { useAuditColumns } from './audit-event.tsx'
import { AuditExport } from './audit-export.tsx'
import { AuditFilters } from './audit-filters.tsx'
import type { AuditSearch } from './audit-search.ts'
import { AuditVerification } from './audit-verify.tsx'

/** An event of the log. */
export type AuditEvent = operations['auditList']['responses'][200]['content']['application/json']['items'][number]

const route = getRouteApi('/signed-in/administration/admin/audit')

/** Shows what happened in the tenant, exports it and verifies that nobody changed it. */
export function AuditPage(): JSX.Element {
  const t = useTranslations('monitoring.audit')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const columns = useAuditColumns()
  const pages = usePages(JSON.stringify(search))
  const query = present({ ...search, after: pages.after })
  const list = useQuery({
    queryKey: ['audit', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/audit', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
  const change = (to: AuditSearch): void => void navigate({ search: to, replace: true })
  const items = list.data?.items
  const next = pages.nextOf(list.data?.next)
  return (
    <Page title={t('title')} lead={t('lead')} actions={<AuditActs search={search} />}>
      <AuditFilters search={search} onChange={change} />
      <PagedList list={list} pages={pages} shown={(count) => t('shown', { count })}>
        <DataTable
          caption={t('title')}
          columns={columns}
          items={items}
          keyOf={({ eventId }) => eventId}
          empty={<NoEvents isAll={next === undefined} />}
        />
      </PagedList>
    </Page>
  )
}

/** The service looks at a part of the log for each answer: what it found nothing in need not be all. */
function NoEvents({ isAll }: { readonly isAll: boolean }): JSX.Element {
  const t = useTranslations('monitoring.audit')
  return (
    <EmptyState icon={<ScrollText size={32} aria-hidden="true" />} title={isAll ? t('empty') : t('emptySoFar')}>
      {isAll ? t('emptyHint') : t('emptySoFarHint')}
    </EmptyState>
  )
}

function AuditActs({ search }: { readonly search: AuditSearch }): JSX.Element {
  const t = useTranslations('monitoring.audit')
  const [open, setOpen] = useState<'export' | 'verify'>()
  const close = (): void => {
    setOpen(undefined)
  }
  return (
    <>
      <Button
        icon={<ShieldCheck size={18} aria-hidden="true" />}
        onClick={() => {
          setOpen('verify')
        }}
      >
        {t('verify')}
      </Button>
      <Button
        icon={<Download size={18} aria-hidden="true" />}
        onClick={() => {
          setOpen('export')
        }}
      >
        {t('export')}
      </Button>
      {open === 'verify' ? <AuditVerification onClose={close} /> : null}
      {open === 'export' ? <AuditExport search={search} onClose={close} /> : null}
    </>
  )
}
