import { answerOf, ApiUnreachableError, type operations } from '@sallyport/api-client'
import { useNavigate } from '@tanstack/react-router'
import { type JSX, type SubmitEvent, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { isRefusal } from '../api/problem-text.ts'
import { isWeakPassword, NewPasswordField } from '../session/new-password-field.tsx'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useTask } from '../session/use-task.ts'
import { Button } from '../ui/button.tsx'
import { Card, Facts, Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { DeadLink, isDeadLink } from './dead-link.tsx'
import { EntryPage } from './entry-page.tsx'
import { FactorForm } from './factor-form.tsx'
import { PasswordForm } from './password-form.tsx'
import { type SignIn, useSignIn } from './use-sign-in.ts'

/** What a link is for, and whose. */
export type LinkView = operations['linksView']['responses'][200]['content']['application/json']

interface ChoosePasswordProps {
  readonly token: string
  readonly link: LinkView
}

/** Takes the password of somebody who was invited or forgot theirs, and signs them in with it. */
export function ChoosePassword({ token, link }: ChoosePasswordProps): JSX.Element {
  const t = useTranslations('entry')
  const { purpose, tenant, branding, username } = link
  const navigate = useNavigate()
  const signIn = useSignIn(() => navigate({ to: '/', replace: true }))
  const [isChosen, setChosen] = useState(false)
  const chosen = (password: string): void => {
    setChosen(true)
    void signIn.begin({ tenant: tenant.slug, username, password })
  }
  return (
    <EntryPage
      title={purpose === 'invitation' ? t('link.invitationTitle') : t('link.resetTitle')}
      lead={purpose === 'invitation' ? t('link.invitationLead', { tenant: tenant.name }) : undefined}
      branding={branding}
      tenantName={tenant.name}
      headingFocus={false}
    >
      <Card>
        {isChosen ? (
          <FirstSignIn link={link} signIn={signIn} />
        ) : (
          <PasswordChoice token={token} link={link} onChosen={chosen} />
        )}
      </Card>
    </EntryPage>
  )
}

interface PasswordChoiceProps extends ChoosePasswordProps {
  readonly onChosen: (password: string) => void
}

function PasswordChoice({ token, link, onChosen }: PasswordChoiceProps): JSX.Element {
  const t = useTranslations('entry')
  const { busy, problem, run } = useTask()
  const [password, setPassword] = useState('')
  const mayHaveArrived = useRef(false)
  const choose = async (): Promise<void> => {
    try {
      await answerOf(api.POST('/api/v1/links/{token}', { params: { path: { token } }, body: { password } }))
    } catch (error) {
      if (error instanceof ApiUnreachableError) mayHaveArrived.current = true
      // The first sending came through, and only its answer did not.
      if (!mayHaveArrived.current || !isRefusal(error, 'link-used')) throw error
    }
  }
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    if (await run(choose)) onChosen(password)
  }
  if (isDeadLink(problem)) return <DeadLink problem={problem} />
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <Facts
          entries={[
            [t('signIn.tenant'), link.tenant.name],
            [t('signIn.username'), link.username],
          ]}
        />
        <input type="text" name="username" autoComplete="username" value={link.username} readOnly hidden />
        <NewPasswordField
          autoFocus
          problem={problem}
          value={password}
          onChange={(event) => {
            setPassword(event.target.value)
          }}
        />
        <ProblemNotice problem={isWeakPassword(problem) ? undefined : problem} />
        <Button type="submit" variant="primary" wide busy={busy}>
          {t('link.choose')}
        </Button>
      </Stack>
    </form>
  )
}

function FirstSignIn({ link, signIn }: { readonly link: LinkView; readonly signIn: SignIn }): JSX.Element {
  const t = useTranslations('entry')
  const { tenant, username } = link
  return (
    <Stack>
      <Notice tone="success">{t('link.chosen')}</Notice>
      {signIn.question === undefined ? (
        <PasswordForm signIn={signIn} account={{ tenant: tenant.slug, username }} isFixed hidesTenant />
      ) : (
        <FactorForm question={signIn.question} signIn={signIn} username={username} isFixed />
      )}
    </Stack>
  )
}
