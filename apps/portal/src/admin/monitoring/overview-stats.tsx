import { Link } from '@tanstack/react-router'
import type { JSX, ReactNode } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { Card, Stat } from '../../ui/layout.tsx'
import styles from './overview.module.css'
import { type Overview, totalsOf } from './overview-series.ts'

interface OverviewStatsProps {
  /** Absent while it loads; the place is kept. */
  readonly overview: Overview | undefined
  readonly range: 'day' | 'week'
}

/** Shows the figures that matter most. */
export function OverviewStats({ overview, range }: OverviewStatsProps): JSX.Element {
  const t = useTranslations('monitoring.overview')
  const format = useFormatter()
  const totals = overview && totalsOf(overview.series)
  const number = (value: number | undefined): string => (value === undefined ? '–' : format.number(value))
  const since = t('inRange', { range })
  return (
    <div className={styles.stats} aria-busy={overview === undefined}>
      <StatCard
        label={t('connectedNow')}
        value={number(overview?.connectedNow)}
        note={
          overview === undefined || overview.connectedNow === 0 ? (
            t('ofUsers', { count: 0 })
          ) : (
            <Link to="/admin/connections" search={{}}>
              {t('ofUsers', { count: overview.connectedUsers })}
            </Link>
          )
        }
      />
      <StatCard label={t('peak')} value={number(totals?.peak)} note={since} />
      <StatCard label={t('admitted')} value={number(totals?.admitted)} note={since} />
      <StatCard label={t('refused')} value={number(totals?.refused)} note={since} />
    </div>
  )
}

interface StatCardProps {
  readonly label: string
  readonly value: string
  readonly note: ReactNode
}

function StatCard(props: StatCardProps): JSX.Element {
  return (
    <Card>
      <Stat {...props} />
    </Card>
  )
}
