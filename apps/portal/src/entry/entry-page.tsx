import type { JSX, ReactNode } from 'react'
import { useTranslations } from 'use-intl'

import { Brand } from '../session/brand.tsx'
import { Page } from '../ui/layout.tsx'
import styles from './entry.module.css'
import type { TenantBranding } from './use-branding.ts'

interface EntryPageProps {
  readonly title: string
  readonly lead?: ReactNode
  /** How the pages of the organisation look, as far as it is known which one it is. */
  readonly branding?: TenantBranding | undefined
  readonly tenantName?: string | undefined
  readonly headingFocus?: boolean
  readonly children: ReactNode
}

/** A page before, or at the edge of, a session: whose portal it is, one thing to do, and where there is help. */
export function EntryPage({
  title,
  lead,
  branding,
  tenantName,
  headingFocus = true,
  children,
}: EntryPageProps): JSX.Element {
  return (
    <div className={styles.entry}>
      <Brand branding={branding} {...(tenantName === undefined ? {} : { name: tenantName })} />
      <Page title={title} lead={lead} headingFocus={headingFocus}>
        {children}
      </Page>
      <Support branding={branding} />
    </div>
  )
}

function Support({ branding }: { readonly branding: TenantBranding | undefined }): JSX.Element | null {
  const t = useTranslations('entry')
  const { supportText = null, supportUrl = null } = branding ?? {}
  if (supportText === null && supportUrl === null) return null
  return (
    <div className={styles.support}>
      {supportText === null ? null : <p>{supportText}</p>}
      {supportUrl === null ? null : <a href={supportUrl}>{t('support')}</a>}
    </div>
  )
}
