import { Link } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { Card } from '../../ui/layout.tsx'
import { Meter } from '../../ui/meter.tsx'
import type { Overview } from './overview-series.ts'

/** Shows how far the users are with what they need to connect. */
export function OverviewEnrolment({ enrolment }: { readonly enrolment: Overview['enrolment'] }): JSX.Element {
  const t = useTranslations('monitoring.overview')
  const { users, withFactor, withDevice, invited } = enrolment
  const steps = [
    [t('accepted'), users - invited],
    [t('withFactor'), withFactor],
    [t('withDevice'), withDevice],
  ] as const
  return (
    <Card title={t('enrolmentTitle')} lead={t('enrolmentLead', { count: users })}>
      {steps.map(([label, count]) => (
        <Meter key={label} label={label} value={count} max={users} text={t('shareOf', { count, all: users })} />
      ))}
      <p>
        {invited === 0 ? (
          t('invited', { count: invited })
        ) : (
          <Link to="/admin/users" search={{ state: 'invited' }}>
            {t('invited', { count: invited })}
          </Link>
        )}
      </p>
    </Card>
  )
}
