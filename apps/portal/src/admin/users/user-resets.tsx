import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { ConfirmDialog } from '../../ui/dialog.tsx'
import { useToast } from '../../ui/toast.tsx'
import type { User } from './people.ts'
import { useUserChange } from './use-user-act.ts'
import { endSessions, resetFactors } from './user-acts.ts'

interface UserActProps {
  readonly user: User
  readonly onClose: () => void
}

/** Asks before the second factors of a user are taken away. */
export function ResetFactors({ user, onClose }: UserActProps): JSX.Element {
  const t = useTranslations('people.acts.factors')
  const change = useUserChange()
  const say = useToast()
  const { username: name } = user
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('confirmTitle', { name })}
      confirm={t('button')}
      onConfirm={async () => {
        await change(() => resetFactors(user.userId))
        say(t('done', { name }))
      }}
    >
      <p>{t('confirm', { name })}</p>
      <p>{t('next')}</p>
    </ConfirmDialog>
  )
}

/** Asks before a user is signed out everywhere. */
export function EndSessions({ user, onClose }: UserActProps): JSX.Element {
  const t = useTranslations('people.acts.sessions')
  const change = useUserChange()
  const say = useToast()
  const { username: name } = user
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('confirmTitle', { name })}
      undo={t('undo', { name })}
      confirm={t('button')}
      onConfirm={async () => {
        await change(() => endSessions(user.userId))
        say(t('done', { name }))
      }}
    >
      <p>{t('confirm', { name })}</p>
    </ConfirmDialog>
  )
}
