import { useQueryClient } from '@tanstack/react-query'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import type { OwnFactors } from '../session/own-factors.ts'
import { knowsPasskeys } from '../session/passkey.ts'
import { PasskeySetup } from '../session/passkey-setup.tsx'
import { Button } from '../ui/button.tsx'
import { Card } from '../ui/layout.tsx'
import { useToast } from '../ui/toast.tsx'
import styles from './employee.module.css'
import { PasskeyEntry } from './passkey-entry.tsx'

/** Lets the reader add, rename and remove passkeys. */
export function PasskeysCard({ factors }: { readonly factors: OwnFactors }): JSX.Element | null {
  const t = useTranslations('employee')
  const session = useTranslations('session')
  const common = useTranslations('common')
  const queries = useQueryClient()
  const say = useToast()
  // Undefined until the form was open: then its button has the focus again.
  const [isAdding, setAdding] = useState<boolean>()
  const { passkeys, policy } = factors
  const isOffered = policy.mfa === 'off' || policy.methods.includes('passkey')
  if (passkeys.length === 0 && !isOffered) return null
  const added = (): void => {
    setAdding(false)
    say(t('passkeys.added'))
    void queries.invalidateQueries({ queryKey: ['own-account'] })
  }
  return (
    <Card title={t('passkeys.title')} lead={t('passkeys.lead')}>
      {passkeys.length === 0 ? null : (
        <ul className={styles.list}>
          {passkeys.map((passkey) => (
            <li key={passkey.passkeyId}>
              <PasskeyEntry passkey={passkey} />
            </li>
          ))}
        </ul>
      )}
      {isAdding === true ? (
        <PasskeySetup
          onAdded={added}
          back={common('cancel')}
          onBack={() => {
            setAdding(false)
          }}
        />
      ) : isOffered && knowsPasskeys() ? (
        <div>
          <Button
            autoFocus={isAdding === false}
            onClick={() => {
              setAdding(true)
            }}
          >
            {session('passkey.add')}
          </Button>
        </div>
      ) : isOffered ? (
        <p>{session('passkeyUnsupported')}</p>
      ) : null}
    </Card>
  )
}
