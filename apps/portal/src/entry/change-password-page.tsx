import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { ChangePasswordForm } from '../session/change-password-form.tsx'
import { askAnew, meQuery } from '../session/me.ts'
import { Card } from '../ui/layout.tsx'
import { EntryPage } from './entry-page.tsx'
import { SignedInAs } from './signed-in-as.tsx'

const route = getRouteApi('/plain/change-password')

/** Has somebody choose a password of their own, in the place of the one that an administrator gave them. */
export function ChangePasswordPage(): JSX.Element {
  const t = useTranslations('entry')
  const { next = '/' } = route.useSearch()
  const { data: me } = useSuspenseQuery(meQuery)
  const queries = useQueryClient()
  const navigate = useNavigate()
  const goOn = async (): Promise<void> => {
    await askAnew(queries)
    await navigate({ href: next, replace: true })
  }
  return (
    <EntryPage
      title={t('changePassword.title')}
      lead={t('changePassword.why')}
      branding={me.branding}
      tenantName={me.tenant.name}
      headingFocus={false}
    >
      <Card>
        <ChangePasswordForm username={me.user.username} onChanged={() => void goOn()} />
      </Card>
      <SignedInAs username={me.user.username} />
    </EntryPage>
  )
}
