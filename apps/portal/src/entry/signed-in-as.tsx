import { LogOut } from 'lucide-react'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { ProblemNotice } from '../session/problem-notice.tsx'
import { useSignOut } from '../session/use-sign-out.ts'
import { Button } from '../ui/button.tsx'
import styles from './entry.module.css'

/** Says who is signed in, and is the way out for whoever cannot or will not do what the page demands. */
export function SignedInAs({ username }: { readonly username: string }): JSX.Element {
  const t = useTranslations('common')
  const { busy, problem, signOut } = useSignOut()
  return (
    <>
      <div className={styles.present}>
        <span>{t('signedInAs', { name: username })}</span>
        <Button size="small" busy={busy} icon={<LogOut size={16} aria-hidden="true" />} onClick={() => void signOut()}>
          {t('signOut')}
        </Button>
      </div>
      <ProblemNotice problem={problem} />
    </>
  )
}
