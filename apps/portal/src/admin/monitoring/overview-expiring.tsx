import { Link } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { Card, Facts } from '../../ui/layout.tsx'
import type { Overview } from './overview-series.ts'

/** Shows how many certificates of devices have ended or will soon. */
export function OverviewExpiring({ expiring }: { readonly expiring: Overview['expiring'] }): JSX.Element {
  const t = useTranslations('monitoring.overview')
  const format = useFormatter()
  const { within30Days, expired } = expiring
  if (within30Days + expired === 0) {
    return (
      <Card title={t('expiringTitle')}>
        <p>{t('noneExpiring')}</p>
      </Card>
    )
  }
  return (
    <Card title={t('expiringTitle')} lead={t('expiringHint')}>
      <Facts
        entries={[
          [t('within30Days'), format.number(within30Days)],
          [t('expired'), format.number(expired)],
        ]}
      />
      <p>
        <Link to="/admin/devices" search={{ expiring: 'soon' }}>
          {t('showExpiring')}
        </Link>
      </p>
    </Card>
  )
}
