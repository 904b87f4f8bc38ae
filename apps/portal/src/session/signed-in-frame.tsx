import { Dialog } from '@base-ui/react/dialog'
import { Outlet, useRouter } from '@tanstack/react-router'
import { LogOut, Menu } from 'lucide-react'
import { type JSX, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'

import { Button } from '../ui/button.tsx'
import { VisuallyHidden } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { Brand } from './brand.tsx'
import styles from './frame.module.css'
import { useLiveUpdates } from './live-updates.ts'
import { useMe } from './me.ts'
import { Navigation } from './navigation.tsx'
import { Preferences } from './preferences.tsx'
import { ProblemNotice } from './problem-notice.tsx'
import { ReauthenticationProvider } from './reauthentication.tsx'
import { useSignOut } from './use-sign-out.ts'

/** The frame around the pages of people who are signed in. */
export function SignedInFrame(): JSX.Element {
  const t = useTranslations('common')
  const { duties, branding, tenant } = useMe()
  const router = useRouter()
  const { isLost } = useLiveUpdates()
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    // What was not due when the page was opened: the last factor was removed, or the policy became stricter.
    if (duties.length > 0) void router.invalidate()
  }, [duties, router])
  const brand = <Brand branding={branding} name={tenant.name} />
  return (
    <ReauthenticationProvider>
      <a href="#content" className={styles.skip}>
        {t('skipToContent')}
      </a>
      <div className={styles.shell}>
        <header className={styles.side}>
          {brand}
          <Navigation />
          <Account />
        </header>
        <header className={styles.top}>
          {brand}
          <Dialog.Root open={isOpen} onOpenChange={setOpen}>
            <Dialog.Trigger
              render={<Button variant="quiet" label={t('menu')} icon={<Menu size={22} aria-hidden="true" />} />}
            />
            <Dialog.Portal>
              <Dialog.Backdrop className={styles.backdrop} />
              <Dialog.Popup className={styles.drawer}>
                <Dialog.Title render={<VisuallyHidden>{t('menu')}</VisuallyHidden>} />
                <Navigation
                  onFollow={() => {
                    setOpen(false)
                  }}
                />
                <Account />
              </Dialog.Popup>
            </Dialog.Portal>
          </Dialog.Root>
        </header>
        <main id="content" tabIndex={-1} className={styles.main}>
          {isLost ? <Notice tone="warning">{t('offline')}</Notice> : null}
          <Outlet />
        </main>
      </div>
    </ReauthenticationProvider>
  )
}

function Account(): JSX.Element {
  const t = useTranslations('common')
  const { user } = useMe()
  const { busy, problem, signOut } = useSignOut()
  return (
    <div className={styles.account}>
      <span className={styles.name} title={t('signedInAs', { name: user.username })}>
        {user.displayName ?? user.username}
      </span>
      <Preferences />
      <Button size="small" busy={busy} icon={<LogOut size={16} aria-hidden="true" />} onClick={signOut}>
        {t('signOut')}
      </Button>
      <ProblemNotice problem={problem} />
    </div>
  )
}
