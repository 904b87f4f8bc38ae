import { answerOf } from '@sallyport/api-client'
import { type JSX, type ReactNode, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { isRefusal, useProblemText } from '../api/problem-text.ts'
import { Button } from '../ui/button.tsx'
import { DialogActions } from '../ui/dialog.tsx'
import { PasswordField } from '../ui/field.tsx'
import { Stack } from '../ui/layout.tsx'
import { isWeakPassword, NewPasswordField } from './new-password-field.tsx'
import { ProblemNotice } from './problem-notice.tsx'
import { useTask } from './use-task.ts'

interface ChangePasswordFormProps {
  /** Whose password it is, for password managers. */
  readonly username: string
  readonly onChanged: () => void
  readonly otherActions?: ReactNode
}

/** Changes the own password. */
export function ChangePasswordForm({ username, onChanged, otherActions }: ChangePasswordFormProps): JSX.Element {
  const t = useTranslations('session')
  const problemText = useProblemText()
  const { busy, problem, run } = useTask()
  const [currentPassword, setCurrentPassword] = useState('')
  const [newPassword, setNewPassword] = useState('')
  const isWrong = isRefusal(problem, 'wrong-password')
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const body = { currentPassword, newPassword }
    if (await run(() => answerOf(api.POST('/api/v1/me/password', { body })))) onChanged()
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
        <PasswordField
          label={t('presentPassword')}
          name="password"
          autoComplete="current-password"
          autoFocus
          required
          maxLength={512}
          error={isWrong ? problemText(problem) : undefined}
          value={currentPassword}
          onChange={(event) => {
            setCurrentPassword(event.target.value)
          }}
        />
        <NewPasswordField
          problem={problem}
          value={newPassword}
          onChange={(event) => {
            setNewPassword(event.target.value)
          }}
        />
        <ProblemNotice problem={isWrong || isWeakPassword(problem) ? undefined : problem} />
        <DialogActions>
          {otherActions}
          <Button type="submit" variant="primary" busy={busy}>
            {t('changePassword')}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}
