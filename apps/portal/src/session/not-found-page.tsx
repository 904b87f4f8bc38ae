import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { LinkButton } from '../ui/button.tsx'
import { EmptyState, Page } from '../ui/layout.tsx'

/** Says that an address leads nowhere. */
export function NotFoundPage(): JSX.Element {
  const t = useTranslations('common')
  return (
    <Page title={t('notFoundTitle')}>
      <EmptyState title={t('notFound')} action={<LinkButton to="/">{t('toStart')}</LinkButton>} />
    </Page>
  )
}
