import { answerOf } from '@sallyport/api-client'
import { getRouteApi } from '@tanstack/react-router'
import { MailCheck } from 'lucide-react'
import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useTask } from '../session/use-task.ts'
import { Button, LinkButton } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { Card, Stack } from '../ui/layout.tsx'
import styles from './entry.module.css'
import { EntryPage } from './entry-page.tsx'
import { knownTenant } from './known-tenant.ts'
import { useBranding } from './use-branding.ts'
import { useMailedLinks } from './use-mailed-links.ts'

const route = getRouteApi('/plain/forgot-password')

/** Has a link mailed to somebody who forgot their password; says the same whether there is such an account or not. */
export function ForgotPasswordPage(): JSX.Element {
  const t = useTranslations('entry')
  const { tenant: given } = route.useSearch()
  const branding = useBranding(given)
  const isMailed = useMailedLinks()
  const [tenant, setTenant] = useState(() => given ?? knownTenant() ?? '')
  const [username, setUsername] = useState('')
  const [isAsked, setAsked] = useState(false)
  const { busy, problem, run } = useTask()
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const body = { tenant, username }
    setAsked(await run(() => answerOf(api.POST('/api/v1/password-reset', { body }))))
  }
  const back = (
    <LinkButton to="/sign-in" search={tenant === '' ? {} : { tenant }} wide>
      {t('toSignIn')}
    </LinkButton>
  )
  if (!isMailed) {
    return (
      <EntryPage title={t('forgot.title')} branding={branding}>
        <Card>
          <p>{t('forgot.unmailed')}</p>
          {back}
        </Card>
      </EntryPage>
    )
  }
  if (isAsked) {
    return (
      <EntryPage title={t('forgot.sentTitle')} branding={branding}>
        <Card>
          <div className={styles.finished}>
            <MailCheck size={48} aria-hidden="true" className={styles.good} />
            <p>{t('forgot.sent')}</p>
          </div>
          {back}
        </Card>
      </EntryPage>
    )
  }
  return (
    <EntryPage title={t('forgot.title')} lead={t('forgot.lead')} branding={branding} headingFocus={false}>
      <Card>
        <form onSubmit={(event) => void submit(event)}>
          <Stack>
            <TextField
              label={t('signIn.tenant')}
              description={t('signIn.tenantHelp')}
              autoComplete="organization"
              autoCapitalize="none"
              spellCheck={false}
              required
              maxLength={64}
              autoFocus={tenant === ''}
              value={tenant}
              onChange={(event) => {
                setTenant(event.target.value)
              }}
            />
            <TextField
              label={t('signIn.username')}
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              required
              maxLength={256}
              autoFocus={tenant !== ''}
              value={username}
              onChange={(event) => {
                setUsername(event.target.value)
              }}
            />
            <ProblemNotice problem={problem} />
            <Button type="submit" variant="primary" wide busy={busy}>
              {t('forgot.submit')}
            </Button>
            {back}
          </Stack>
        </form>
      </Card>
    </EntryPage>
  )
}
