import { Network } from 'lucide-react'
import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { useProblemText } from '../api/problem-text.ts'
import { EmptyState, Page } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { type Column, DataTable, Pager } from '../ui/table.tsx'
import { PoolMeter } from './pool-meter.tsx'
import { type PlatformOverview, usePlatformOverview } from './use-platform-overview.ts'

type Pool = NonNullable<PlatformOverview['pools']>[number]

/** Lists the address pools of all tenants, the fullest first. */
export function PoolsPage(): JSX.Element {
  const t = useTranslations('platform.pools')
  const format = useFormatter()
  const problemText = useProblemText()
  const { data, error } = usePlatformOverview()
  const columns: Column<Pool>[] = [
    { header: t('network'), cell: ({ name }) => name },
    { header: t('tenant'), cell: ({ tenantSlug }) => tenantSlug },
    { header: t('free'), align: 'end', cell: ({ size, leased }) => format.number(size - leased) },
    { header: t('leased'), cell: (pool) => <PoolMeter pool={pool} label={t('leased')} /> },
  ]
  if (error !== null) {
    return (
      <Page title={t('title')} lead={t('lead')}>
        <Notice tone="danger">{problemText(error)}</Notice>
      </Page>
    )
  }
  return (
    <Page title={t('title')} lead={t('lead')}>
      {data?.pools === null ? (
        <Notice tone="warning">{t('away')}</Notice>
      ) : (
        <>
          <DataTable
            caption={t('title')}
            columns={columns}
            items={data?.pools}
            keyOf={({ networkId }) => networkId}
            empty={
              <EmptyState icon={<Network size={32} aria-hidden="true" />} title={t('none')}>
                {t('noneHint')}
              </EmptyState>
            }
          />
          {data === undefined ? null : (
            <Pager previous={undefined} next={undefined}>
              {t('shown', { count: data.pools.length, all: data.poolCount ?? 0 })}
            </Pager>
          )}
        </>
      )}
    </Page>
  )
}
