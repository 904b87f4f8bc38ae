import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/layout.tsx'
import { Act, ActList } from './act-list.tsx'
import type { User } from './people.ts'
import { DisableUser, EnableButton } from './user-disable.tsx'
import { EraseUser } from './user-erase.tsx'
import { ResetPassword } from './user-reset-password.tsx'
import { EndSessions, ResetFactors } from './user-resets.tsx'

type Open = 'password' | 'factors' | 'sessions' | 'disable' | 'erase'

/** Offers what can be done about how a user comes in. */
export function UserSecurityActs({ user }: { readonly user: User }): JSX.Element {
  const t = useTranslations('people.acts')
  const [open, setOpen] = useState<Open>()
  const close = (): void => {
    setOpen(undefined)
  }
  const button = (what: Open, text: string): JSX.Element => (
    <Button
      size="small"
      onClick={() => {
        setOpen(what)
      }}
    >
      {text}
    </Button>
  )
  const isInvited = !user.hasPassword
  return (
    <Card title={t('title')}>
      <ActList>
        <Act
          title={isInvited ? t('invite.title') : t('password.title')}
          what={isInvited ? t('invite.what') : t('password.what')}
          button={button('password', isInvited ? t('invite.button') : t('password.button'))}
        />
        {user.factors.length === 0 ? null : (
          <Act title={t('factors.title')} what={t('factors.what')} button={button('factors', t('factors.button'))} />
        )}
        <Act title={t('sessions.title')} what={t('sessions.what')} button={button('sessions', t('sessions.button'))} />
        {user.disabled ? (
          <Act title={t('enable.title')} what={t('enable.what')} button={<EnableButton user={user} />} />
        ) : (
          <Act title={t('disable.title')} what={t('disable.what')} button={button('disable', t('disable.button'))} />
        )}
        <Act title={t('erase.title')} what={t('erase.what')} button={button('erase', t('erase.button'))} />
      </ActList>
      {open === 'password' ? <ResetPassword user={user} onClose={close} /> : null}
      {open === 'factors' ? <ResetFactors user={user} onClose={close} /> : null}
      {open === 'sessions' ? <EndSessions user={user} onClose={close} /> : null}
      {open === 'disable' ? <DisableUser user={user} onClose={close} /> : null}
      {open === 'erase' ? <EraseUser user={user} onClose={close} /> : null}
    </Card>
  )
}
