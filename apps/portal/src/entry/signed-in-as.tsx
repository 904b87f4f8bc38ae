import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { LogOut } from 'lucide-react'
import { type JSX, useEffect, useEffectEvent } from 'react'
import { useTranslations } from 'use-intl'

import { isRefusal } from '../api/problem-text.ts'
import { askAnew } from '../session/me.ts'
import { onOtherTab } from '../session/other-tabs.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useSignOut } from '../session/use-sign-out.ts'
import { Button } from '../ui/button.tsx'
import styles from './entry.module.css'

/** Says who is signed in, and is the way out for whoever cannot or will not do what the page demands. */
export function SignedInAs({ username }: { readonly username: string }): JSX.Element {
  const t = useTranslations('common')
  const { busy, problem, signOut } = useSignOut()
  useEndElsewhere()
  return (
    <>
      <div className={styles.present}>
        <span>{t('signedInAs', { name: username })}</span>
        <Button size="small" busy={busy} icon={<LogOut size={16} aria-hidden="true" />} onClick={signOut}>
          {t('signOut')}
        </Button>
      </div>
      <ProblemNotice problem={problem} />
    </>
  )
}

/** Leaves the page when the session has ended in another tab; what it shows may be a secret. */
function useEndElsewhere(): void {
  const queries = useQueryClient()
  const navigate = useNavigate()
  const look = useEffectEvent(async () => {
    try {
      await askAnew(queries)
    } catch (error) {
      if (!isRefusal(error, 'not-signed-in')) return
      await navigate({ to: '/sign-in', search: { ended: true }, replace: true, ignoreBlocker: true })
      queries.clear()
    }
  })
  useEffect(() => onOtherTab(() => void look()), [])
}
