import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { useToast } from '../../ui/toast.tsx'
import type { User } from './people.ts'
import { useUserChange } from './use-user-act.ts'
import { changeUser } from './user-acts.ts'

/** Keeps a user out or lets them in again, says so, and offers to take it back. */
function useSetDisabled(user: User): (disabled: boolean) => Promise<void> {
  const t = useTranslations('people.acts')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const change = useUserChange()
  const say = useToast()
  const { userId, username: name } = user
  return async (disabled) => {
    await change(() => changeUser(userId, { disabled }))
    const takeBack = (): void => {
      change(() => changeUser(userId, { disabled: !disabled })).catch((error: unknown) => {
        say(problemText(error))
      })
    }
    say(disabled ? t('disable.done', { name }) : t('enable.done', { name }), { label: common('undo'), act: takeBack })
  }
}

/** Asks before a user is kept out. */
export function DisableUser({ user, onClose }: { readonly user: User; readonly onClose: () => void }): JSX.Element {
  const t = useTranslations('people.acts.disable')
  const setDisabled = useSetDisabled(user)
  const { username: name } = user
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('confirmTitle', { name })}
      undo={t('undo')}
      confirm={t('button')}
      onConfirm={() => setDisabled(true)}
    >
      <p>{t('confirm', { name })}</p>
    </ConfirmDialog>
  )
}

/** Lets a user in again. */
export function EnableButton({ user }: { readonly user: User }): JSX.Element {
  const t = useTranslations('people.acts.enable')
  const problemText = useProblemText()
  const say = useToast()
  const setDisabled = useSetDisabled(user)
  const [busy, setBusy] = useState(false)
  const enable = async (): Promise<void> => {
    setBusy(true)
    try {
      await setDisabled(false)
    } catch (error) {
      say(problemText(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Button size="small" busy={busy} onClick={() => void enable()}>
      {t('button')}
    </Button>
  )
}
