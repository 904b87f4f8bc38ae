import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { LinkButton } from '../ui/button.tsx'
import { EmptyState, Page } from '../ui/layout.tsx'

/** Says that somebody's account may not see a page, or may not any more. */
export function NotAllowedPage(): JSX.Element {
  const t = useTranslations('common')
  return (
    <Page title={t('notAllowedTitle')}>
      <EmptyState title={t('notAllowed')} action={<LinkButton to="/">{t('toStart')}</LinkButton>} />
    </Page>
  )
}
