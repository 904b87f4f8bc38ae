import type { ApiRefusedError } from '@sallyport/api-client'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { isRefusal } from '../api/problem-text.ts'
import { LinkButton } from '../ui/button.tsx'
import { DialogActions } from '../ui/dialog.tsx'
import { Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { useMailedLinks } from './use-mailed-links.ts'

/** Tells whether a link was refused for good, so that trying again is of no use. */
export function isDeadLink(problem: unknown): problem is ApiRefusedError {
  return isRefusal(problem, 'link-used', 'link-expired', 'link-replaced', 'link-unknown', 'not-found')
}

/** Says why a link does not work, and the way on, which depends on what it was for. */
export function DeadLink({ problem }: { readonly problem: ApiRefusedError }): JSX.Element {
  const t = useTranslations('entry')
  const isMailed = useMailedLinks()
  const why = problem.code === 'link-used' ? 'used' : problem.code === 'link-expired' ? 'expired' : 'unknown'
  const { purpose } = problem.parameters
  const isProfile = purpose === 'profile'
  // Of a link that is not there nobody knows what it was for.
  const mayBeProfile = isProfile || purpose === undefined
  const of = isProfile ? 'profile' : 'link'
  return (
    <Stack>
      <Notice tone="warning" title={t(`${of}.${why}Title`)}>
        <p>{t(`${of}.${why}`)}</p>
        {isProfile ? null : isMailed ? <p>{t('link.askOrMail')}</p> : <p>{t('link.askAdministrator')}</p>}
        {mayBeProfile && !isProfile ? <p>{t('link.askPortal')}</p> : null}
      </Notice>
      <DialogActions>
        {mayBeProfile ? (
          <LinkButton to="/devices" search={{}} variant={isProfile ? 'primary' : 'secondary'}>
            {t('profile.toDevices')}
          </LinkButton>
        ) : null}
        {isProfile ? null : (
          <>
            {isMailed ? (
              <LinkButton to="/forgot-password" search={{}}>
                {t('link.newLink')}
              </LinkButton>
            ) : null}
            <LinkButton to="/sign-in" search={{}} variant="primary">
              {t('toSignIn')}
            </LinkButton>
          </>
        )}
      </DialogActions>
    </Stack>
  )
}
