import { useQueryErrorResetBoundary } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { type JSX, useEffect } from 'react'
import { useTranslations } from 'use-intl'

import { doesServiceAnswer, LostPartError } from '../api/lazy-part.ts'
import { useProblemText } from '../api/problem-text.ts'
import { Button } from '../ui/button.tsx'
import { Page } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { useTask } from './use-task.ts'

/** A page that was loaded so shortly ago has no newer one: loading it again and again would help nobody. */
const FRESH_MS = 30_000

/** Says why a page cannot be shown, and tries again. */
export function ProblemPage({ error }: { readonly error: unknown }): JSX.Element {
  const t = useTranslations('common')
  const problemText = useProblemText()
  const router = useRouter()
  const { busy, run } = useTask()
  const { reset } = useQueryErrorResetBoundary()
  const isGone = error instanceof LostPartError && error.isGone
  useEffect(() => {
    if (isGone && performance.now() > FRESH_MS) window.location.reload()
  }, [isGone])
  const retry = async (): Promise<void> => {
    // Some browsers do not ask again for a script that did not come once.
    if (error instanceof LostPartError && (await doesServiceAnswer())) window.location.reload()
    reset()
    await router.invalidate()
  }
  return (
    <Page title={t('brokenTitle')}>
      <Notice
        tone="danger"
        actions={
          <Button busy={busy} onClick={() => void run(retry)}>
            {t('retry')}
          </Button>
        }
      >
        {problemText(error)}
      </Notice>
    </Page>
  )
}
