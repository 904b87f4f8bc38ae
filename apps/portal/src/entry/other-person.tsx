import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { type Me, meQuery } from '../session/me.ts'
import { tellOtherTabs } from '../session/other-tabs.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useTask } from '../session/use-task.ts'
import { Button } from '../ui/button.tsx'
import { Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'

interface OtherPersonProps {
  readonly me: Me
  /** Whose connection it is. */
  readonly username: string
}

/** Says that somebody else is signed in here than the one whose connection waits, and lets them change places. */
export function OtherPerson({ me, username }: OtherPersonProps): JSX.Element {
  const t = useTranslations('entry')
  const queries = useQueryClient()
  const { busy, problem, run } = useTask()
  const signOut = (): Promise<boolean> =>
    run(async () => {
      await answerOf(api.POST('/api/v1/sign-out'))
      tellOtherTabs()
      await queries.resetQueries({ queryKey: meQuery.queryKey })
    })
  return (
    <Stack>
      <Notice tone="warning">{t('connect.otherUser', { present: me.user.username, username })}</Notice>
      <ProblemNotice problem={problem} />
      <Button variant="primary" wide busy={busy} onClick={() => void signOut()}>
        {t('connect.changeUser', { username })}
      </Button>
    </Stack>
  )
}
