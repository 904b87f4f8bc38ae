import { answerOf } from '@sallyport/api-client'
import { Download, Smartphone } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useTask } from '../session/use-task.ts'
import { AnchorButton, Button } from '../ui/button.tsx'
import { Card, Facts, Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { PROFILE_TYPE, saveFile } from '../ui/save-file.ts'
import { DateTime } from '../ui/time.tsx'
import type { LinkView } from './choose-password.tsx'
import { DeadLink, isDeadLink } from './dead-link.tsx'
import { EntryPage } from './entry-page.tsx'

interface FetchProfileProps {
  readonly token: string
  readonly link: LinkView
}

/** Gives the profile of an import link that was opened in a browser: to the app, or as a file. */
export function FetchProfile({ token, link }: FetchProfileProps): JSX.Element {
  const t = useTranslations('entry')
  const { tenant, branding, username, expiresAt } = link
  const { busy, problem, run } = useTask()
  const [isSaved, setSaved] = useState(false)
  const url = `${window.location.origin}/api/v1/profiles/${encodeURIComponent(token)}`
  const save = async (): Promise<void> => {
    const saved = await run(async () => {
      const fetched = api.GET('/api/v1/profiles/{token}', { params: { path: { token } }, parseAs: 'text' })
      saveFile(`${tenant.slug}.ovpn`, await answerOf(fetched), PROFILE_TYPE)
    })
    if (saved) setSaved(true)
  }
  return (
    <EntryPage title={t('profile.title')} lead={t('profile.lead')} branding={branding} tenantName={tenant.name}>
      <Card>
        {isDeadLink(problem) ? (
          <DeadLink problem={problem} />
        ) : (
          <Stack>
            <Facts
              entries={[
                [t('signIn.tenant'), tenant.name],
                [t('signIn.username'), username],
                [t('profile.until'), <DateTime key="until" at={expiresAt} />],
              ]}
            />
            {isSaved ? (
              <Notice tone="success">{t('profile.saved')}</Notice>
            ) : (
              <>
                <AnchorButton
                  variant="primary"
                  wide
                  href={`openvpn://import-profile/${url}`}
                  icon={<Smartphone size={18} aria-hidden="true" />}
                >
                  {t('profile.open')}
                </AnchorButton>
                <Button wide busy={busy} icon={<Download size={18} aria-hidden="true" />} onClick={() => void save()}>
                  {t('profile.save')}
                </Button>
                <p>{t('profile.secret')}</p>
              </>
            )}
            <ProblemNotice problem={problem} />
          </Stack>
        )}
      </Card>
    </EntryPage>
  )
}
