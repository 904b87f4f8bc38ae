import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type JSX, useCallback, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'

import { askAnew } from '../session/me.ts'
import { Button } from '../ui/button.tsx'
import { Card } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import styles from './entry.module.css'
import { EntryPage } from './entry-page.tsx'
import { knownTenant } from './known-tenant.ts'
import { SignInSteps } from './sign-in-steps.tsx'
import { useBranding } from './use-branding.ts'

const route = getRouteApi('/plain/sign-in')

/** Lets somebody in, and brings them to where they wanted to go. */
export function SignInPage(): JSX.Element {
  const t = useTranslations('entry')
  const { next = '/', tenant: given, username = '', ended = false } = route.useSearch()
  const [tenant, setTenant] = useState(() => given ?? knownTenant())
  const branding = useBranding(tenant)
  const navigate = useNavigate()
  const goOn = useCallback(() => navigate({ href: next, replace: true }), [navigate, next])
  useSignInElsewhere(goOn)
  return (
    <EntryPage title={t('signIn.title')} branding={branding} headingFocus={false}>
      {ended ? <Notice>{t('signIn.ended')}</Notice> : null}
      <Card>
        {tenant === undefined ? null : (
          <div className={styles.organisation}>
            <span>{t.rich('signIn.at', { name: tenant, strong: (chunks) => <strong>{chunks}</strong> })}</span>
            <Button
              variant="quiet"
              size="small"
              onClick={() => {
                setTenant(undefined)
              }}
            >
              {t('signIn.otherTenant')}
            </Button>
          </div>
        )}
        <SignInSteps
          key={tenant === undefined ? 'any' : 'known'}
          account={{ tenant: tenant ?? '', username }}
          hidesTenant={tenant !== undefined}
          onSignedIn={goOn}
        />
      </Card>
    </EntryPage>
  )
}

/** Goes on when somebody comes back to this tab after they signed in in another one. */
function useSignInElsewhere(goOn: () => Promise<void>): void {
  const queries = useQueryClient()
  useEffect(() => {
    const look = (): void => {
      if (document.visibilityState !== 'visible') return
      void askAnew(queries).then(goOn, () => undefined)
    }
    document.addEventListener('visibilitychange', look)
    return () => {
      document.removeEventListener('visibilitychange', look)
    }
  }, [queries, goOn])
}
