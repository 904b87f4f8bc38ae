import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { Card, EmptyState, Muted } from '../../ui/layout.tsx'
import { Meter } from '../../ui/meter.tsx'
import { Notice } from '../../ui/notice.tsx'
import styles from './overview.module.css'
import { fullestFirst, type Overview, POOL_ALARMS_FROM, POOL_WARNS_FROM, poolStateOf } from './overview-series.ts'

type Pool = NonNullable<Overview['pools']>[number]

/** Shows how full the address pools are, the fullest first. */
export function OverviewPools({ pools }: { readonly pools: Overview['pools'] }): JSX.Element {
  const t = useTranslations('monitoring.overview')
  if (pools === null) {
    return (
      <Card title={t('poolsTitle')}>
        <Notice tone="warning">{t('poolsAway')}</Notice>
      </Card>
    )
  }
  if (pools.length === 0) {
    return (
      <Card title={t('poolsTitle')}>
        <EmptyState title={t('noPools')}>{t('noPoolsHint')}</EmptyState>
      </Card>
    )
  }
  return (
    <Card title={t('poolsTitle')} lead={t('poolsLead')}>
      <div className={styles.pools}>
        {fullestFirst(pools).map((pool) => (
          <PoolMeter key={pool.networkId} pool={pool} />
        ))}
      </div>
    </Card>
  )
}

function PoolMeter({ pool }: { readonly pool: Pool }): JSX.Element {
  const t = useTranslations('monitoring.overview')
  const format = useFormatter()
  const state = poolStateOf(pool)
  const words = { good: null, filling: t('poolFilling'), full: t('poolFull') }
  return (
    <div>
      <Meter
        label={pool.name}
        value={pool.leased}
        max={pool.size}
        text={t('poolUse', { leased: format.number(pool.leased), size: format.number(pool.size) })}
        warnFrom={POOL_WARNS_FROM}
        alarmFrom={POOL_ALARMS_FROM}
      />
      {words[state] === null ? null : <Muted>{words[state]}</Muted>}
    </div>
  )
}
