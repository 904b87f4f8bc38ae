import { Link } from '@tanstack/react-router'
import { CircleCheck } from 'lucide-react'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { Card, EmptyState } from '../../ui/layout.tsx'
import { useOutcomeText } from './audit-outcome.tsx'
import styles from './overview.module.css'
import type { Overview } from './overview-series.ts'

interface OverviewFailuresProps {
  readonly overview: Overview
  readonly range: 'day' | 'week'
}

/** Shows why connections were refused, the most frequent reason first; each leads to its cases. */
export function OverviewFailures({ overview, range }: OverviewFailuresProps): JSX.Element {
  const t = useTranslations('monitoring.overview')
  const textOf = useOutcomeText()
  const { failures, from } = overview
  if (failures.length === 0) {
    return (
      <Card title={t('failuresTitle')}>
        <EmptyState icon={<CircleCheck size={32} aria-hidden="true" />} title={t('noFailures')}>
          {t('noFailuresHint', { range })}
        </EmptyState>
      </Card>
    )
  }
  const most = Math.max(...failures.map(({ count }) => count))
  return (
    <Card title={t('failuresTitle')} lead={t('failuresLead')}>
      <ul className={styles.bars}>
        {failures.map(({ code, count }) => (
          <li key={code}>
            <Link
              className={styles.bar}
              to="/admin/audit"
              search={{ action: 'connection.authorise', outcome: code, from }}
            >
              <span>{textOf(code)}</span>
              <span className={styles.count}>{t('failureCount', { count })}</span>
              <span className={styles.track} aria-hidden="true">
                <span className={styles.fill} style={{ transform: `scaleX(${String(count / most)})` }} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  )
}
