import type { ComponentProps, JSX } from 'react'
import { useTranslations } from 'use-intl'

import { isRefusal, useProblemText } from '../api/problem-text.ts'
import { PasswordField } from '../ui/field.tsx'

type NewPasswordFieldProps = Pick<ComponentProps<'input'>, 'value' | 'onChange' | 'autoFocus'> & {
  /** What the service said; it is shown here when it is about the password. */
  readonly problem: unknown
}

/** Takes a new password, with what makes a good one. */
export function NewPasswordField({ problem, ...rest }: NewPasswordFieldProps): JSX.Element {
  const t = useTranslations('session')
  const problemText = useProblemText()
  return (
    <PasswordField
      {...rest}
      label={t('newPassword')}
      description={t('newPasswordHelp')}
      error={isWeakPassword(problem) ? problemText(problem) : undefined}
      name="new-password"
      autoComplete="new-password"
      required
      maxLength={256}
    />
  )
}

/** Whether a refusal is about the password that was chosen. */
export function isWeakPassword(problem: unknown): boolean {
  return isRefusal(problem, 'weak-password')
}
