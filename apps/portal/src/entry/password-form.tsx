import { Link } from '@tanstack/react-router'
import { type JSX, type SubmitEvent, useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'

import { ProblemNotice } from '../session/problem-notice.tsx'
import { Button } from '../ui/button.tsx'
import { PasswordField, TextField } from '../ui/field.tsx'
import { Stack } from '../ui/layout.tsx'
import { useMailedLinks } from './use-mailed-links.ts'
import type { SignIn } from './use-sign-in.ts'

/** Who signs in, as far as it is known. */
export interface Account {
  readonly tenant: string
  readonly username: string
}

interface PasswordFormProps {
  readonly signIn: SignIn
  readonly account: Account
  /** Who it is cannot be changed here. */
  readonly isFixed: boolean
  /** The organisation is shown elsewhere. */
  readonly hidesTenant: boolean
  /** Not needed for an account that is fixed. */
  readonly onChange?: (account: Account) => void
}

/** Takes organisation, user name and password. */
export function PasswordForm({ signIn, account, isFixed, hidesTenant, onChange }: PasswordFormProps): JSX.Element {
  const t = useTranslations('entry')
  const isMailed = useMailedLinks()
  const form = useRef<HTMLFormElement>(null)
  const [password, setPassword] = useState('')
  useEffect(() => {
    // The first field that is empty.
    form.current?.querySelector<HTMLInputElement>('input:placeholder-shown:not([readonly])')?.focus()
  }, [])
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void signIn.begin({ ...account, password })
  }
  return (
    <form ref={form} onSubmit={submit}>
      <Stack>
        {hidesTenant ? null : (
          <TextField
            label={t('signIn.tenant')}
            description={t('signIn.tenantHelp')}
            name="organisation"
            autoComplete="organization"
            autoCapitalize="none"
            spellCheck={false}
            placeholder=" "
            required
            maxLength={64}
            value={account.tenant}
            onChange={(event) => {
              onChange?.({ ...account, tenant: event.target.value })
            }}
          />
        )}
        <TextField
          label={t('signIn.username')}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          placeholder=" "
          required
          maxLength={256}
          readOnly={isFixed}
          value={account.username}
          onChange={(event) => {
            onChange?.({ ...account, username: event.target.value })
          }}
        />
        <PasswordField
          label={t('signIn.password')}
          name="password"
          autoComplete="current-password"
          placeholder=" "
          required
          maxLength={512}
          value={password}
          onChange={(event) => {
            setPassword(event.target.value)
          }}
        />
        <ProblemNotice problem={signIn.problem} />
        <Button type="submit" variant="primary" wide busy={signIn.busy}>
          {t('signIn.submit')}
        </Button>
        <p>
          {isMailed ? (
            <Link to="/forgot-password" search={account.tenant === '' ? {} : { tenant: account.tenant }}>
              {t('signIn.forgot')}
            </Link>
          ) : (
            t('signIn.forgotUnmailed')
          )}
        </p>
      </Stack>
    </form>
  )
}
