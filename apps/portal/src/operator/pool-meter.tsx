import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { Muted } from '../ui/layout.tsx'
import { Meter } from '../ui/meter.tsx'

const WARNS_FROM = 0.8
const ALARMS_FROM = 0.95

interface PoolMeterProps {
  readonly pool: { readonly size: number; readonly leased: number }
  readonly label: string
}

/** Shows how full an address pool is, and says it when it matters. */
export function PoolMeter({ pool: { size, leased }, label }: PoolMeterProps): JSX.Element {
  const t = useTranslations('platform.pools')
  const format = useFormatter()
  const share = size === 0 ? 1 : leased / size
  const text = t('use', { leased: format.number(leased), size: format.number(size) })
  return (
    <div>
      <Meter label={label} value={leased} max={size} text={text} warnFrom={WARNS_FROM} alarmFrom={ALARMS_FROM} />
      {share >= WARNS_FROM ? <Muted>{share >= ALARMS_FROM ? t('full') : t('filling')}</Muted> : null}
    </div>
  )
}
