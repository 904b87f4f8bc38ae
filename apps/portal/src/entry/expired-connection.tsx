import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { Notice } from '../ui/notice.tsx'

/** Says that nobody waits behind this link any more. */
export function ExpiredConnection(): JSX.Element {
  const t = useTranslations('entry')
  return (
    <Notice tone="warning" title={t('connect.expiredTitle')}>
      {t('connect.expired')}
    </Notice>
  )
}
