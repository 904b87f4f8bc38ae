import { useNavigate } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { ConfirmDialog } from '../../ui/dialog.tsx'
import { useToast } from '../../ui/toast.tsx'
import type { User } from './people.ts'
import { useUserChange } from './use-user-act.ts'
import { eraseUser } from './user-acts.ts'

/** Asks for the user's name before everything that is known of them is deleted. */
export function EraseUser({ user, onClose }: { readonly user: User; readonly onClose: () => void }): JSX.Element {
  const t = useTranslations('people.acts.erase')
  const change = useUserChange()
  const navigate = useNavigate()
  const say = useToast()
  const { userId, username: name } = user
  const erase = async (): Promise<void> => {
    const leave = async (): Promise<void> => {
      await eraseUser(userId)
      // Asking anew for somebody who is gone would show an error first.
      await navigate({ to: '/admin/users', search: {} })
    }
    await change(leave)
    say(t('done', { name }))
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('confirmTitle', { name })}
      typed={name}
      confirm={t('button')}
      onConfirm={erase}
    >
      <p>{t('confirm', { name })}</p>
      <p>{t('stays')}</p>
    </ConfirmDialog>
  )
}
