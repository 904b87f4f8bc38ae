import { useQueryClient } from '@tanstack/react-query'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { ChangePasswordForm } from '../session/change-password-form.tsx'
import { useMe } from '../session/me.ts'
import { Button } from '../ui/button.tsx'
import { Card } from '../ui/layout.tsx'
import { useToast } from '../ui/toast.tsx'

/** Lets the reader change their password. */
export function PasswordCard(): JSX.Element {
  const t = useTranslations('employee')
  const session = useTranslations('session')
  const common = useTranslations('common')
  const { user } = useMe()
  const queries = useQueryClient()
  const say = useToast()
  // Undefined until the form was open: then its button has the focus again.
  const [isOpen, setOpen] = useState<boolean>()
  const close = (): void => {
    setOpen(false)
  }
  const changed = (): void => {
    close()
    say(t('password.changed'))
    void queries.invalidateQueries({ queryKey: ['own-account'] })
  }
  return (
    <Card title={t('password.title')} lead={t('password.lead')}>
      {isOpen === true ? (
        <ChangePasswordForm
          username={user.username}
          onChanged={changed}
          otherActions={<Button onClick={close}>{common('cancel')}</Button>}
        />
      ) : (
        <div>
          <Button
            autoFocus={isOpen === false}
            onClick={() => {
              setOpen(true)
            }}
          >
            {session('changePassword')}
          </Button>
        </div>
      )}
    </Card>
  )
}
