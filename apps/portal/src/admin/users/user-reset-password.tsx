import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog, DialogActions } from '../../ui/dialog.tsx'
import { Checkbox, FieldGroup } from '../../ui/field.tsx'
import { Focused } from '../../ui/focused.tsx'
import { Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { type Credential, HandedOut } from './handed-out.tsx'
import type { User } from './people.ts'
import { useUserAct } from './use-user-act.ts'
import { resetPassword } from './user-acts.ts'

const WAYS = ['link', 'one-time-password'] as const

interface ResetPasswordProps {
  readonly user: User
  readonly onClose: () => void
}

/** Ends a user's password and shows once what they choose a new one with. */
export function ResetPassword({ user, onClose }: ResetPasswordProps): JSX.Element {
  const t = useTranslations('people.acts')
  const common = useTranslations('common')
  const [given, setGiven] = useState<Credential>()
  const { username: name } = user
  const title = user.hasPassword ? t('password.confirmTitle', { name }) : t('invite.confirmTitle', { name })
  return (
    <Dialog open onClose={onClose} title={title}>
      {given === undefined ? (
        <ResetForm user={user} onGiven={setGiven} onClose={onClose} />
      ) : (
        <Stack>
          <Focused>
            <HandedOut {...given} />
          </Focused>
          <DialogActions>
            <Button variant="primary" onClick={onClose}>
              {common('close')}
            </Button>
          </DialogActions>
        </Stack>
      )}
    </Dialog>
  )
}

function ResetForm({ user, onGiven, onClose }: ResetPasswordProps & { onGiven: (given: Credential) => void }) {
  const t = useTranslations('people.acts')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const act = useUserAct()
  const [by, setBy] = useState<(typeof WAYS)[number]>('link')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const reset = async (): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    try {
      await act(async () => {
        const { oneTimePassword, link } = await resetPassword(user.userId, by)
        onGiven({ username: user.username, oneTimePassword, link })
      })
    } catch (error) {
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void reset()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        {user.hasPassword ? <p>{t('password.confirm', { name: user.username })}</p> : null}
        <FieldGroup legend={t('password.how')}>
          {WAYS.map((way) => (
            <Checkbox
              key={way}
              type="radio"
              name="way"
              label={t(`password.ways.${way}`)}
              description={t(`password.wayHints.${way}`)}
              checked={by === way}
              onChange={() => {
                setBy(way)
              }}
            />
          ))}
        </FieldGroup>
        {problem === undefined ? null : <Notice tone="danger">{problemText(problem)}</Notice>}
        <DialogActions>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" variant={user.hasPassword ? 'danger' : 'primary'} busy={busy}>
            {user.hasPassword ? t('password.button') : t('invite.button')}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}
