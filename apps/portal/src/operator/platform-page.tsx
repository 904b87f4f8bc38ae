import { Link } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { useProblemText } from '../api/problem-text.ts'
import { useMe } from '../session/me.ts'
import { Card, Page, Skeleton, Stat } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { MasterKey } from './master-key.tsx'
import { Operators } from './operators.tsx'
import styles from './platform.module.css'
import { PoolMeter } from './pool-meter.tsx'
import { type PlatformOverview, usePlatformOverview } from './use-platform-overview.ts'

const SHOWN_POOLS = 5

/** Shows the numbers of the platform at a glance, its operators and its master key. */
export function PlatformPage(): JSX.Element {
  const t = useTranslations('platform.overview')
  const problemText = useProblemText()
  const mayWrite = useMe().permissions.includes('platform.write')
  const { data, error } = usePlatformOverview()
  return (
    <Page title={t('title')}>
      {error === null ? null : <Notice tone="danger">{problemText(error)}</Notice>}
      <PlatformStats overview={data} />
      <div className={styles.cards}>
        <FullestPools overview={data} />
        <MasterKey mayWrite={mayWrite} />
        {mayWrite ? <Operators /> : null}
      </div>
    </Page>
  )
}

function PlatformStats({ overview }: { readonly overview: PlatformOverview | undefined }): JSX.Element {
  const t = useTranslations('platform.overview')
  const format = useFormatter()
  const number = (value: number | undefined): string => (value === undefined ? '–' : format.number(value))
  return (
    <div className={styles.stats} aria-busy={overview === undefined}>
      <Card>
        <Stat
          label={t('tenants')}
          value={number(overview?.tenants)}
          note={<Link to="/platform/tenants">{t('showTenants')}</Link>}
        />
      </Card>
      <Card>
        <Stat
          label={t('nodes')}
          value={number(overview?.nodes)}
          note={<Link to="/platform/nodes">{t('nodesSilent', { count: overview?.nodesSilent ?? 0 })}</Link>}
        />
      </Card>
      <Card>
        <Stat label={t('connections')} value={number(overview?.connections)} note={t('connectionsNote')} />
      </Card>
      <Card>
        <Stat
          label={t('pools')}
          value={number(overview?.poolCount ?? undefined)}
          note={<Link to="/platform/pools">{t('showPools')}</Link>}
        />
      </Card>
    </div>
  )
}

function FullestPools({ overview }: { readonly overview: PlatformOverview | undefined }): JSX.Element {
  const t = useTranslations('platform.overview')
  const pools = overview?.pools
  return (
    <Card title={t('fullest')}>
      {pools === undefined ? <Skeleton lines={SHOWN_POOLS} /> : null}
      {pools === null ? <Notice tone="warning">{t('poolsAway')}</Notice> : null}
      {pools?.length === 0 ? <p>{t('noPools')}</p> : null}
      {pools?.slice(0, SHOWN_POOLS).map((pool) => (
        <PoolMeter key={pool.networkId} pool={pool} label={t('poolOf', { name: pool.name, tenant: pool.tenantSlug })} />
      ))}
    </Card>
  )
}
