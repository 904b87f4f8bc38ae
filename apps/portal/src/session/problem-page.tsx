import { useQueryErrorResetBoundary } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { useProblemText } from '../api/problem-text.ts'
import { Button } from '../ui/button.tsx'
import { Page } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'

/** Says why a page cannot be shown, and tries again. */
export function ProblemPage({ error }: { readonly error: unknown }): JSX.Element {
  const t = useTranslations('common')
  const problemText = useProblemText()
  const router = useRouter()
  const { reset } = useQueryErrorResetBoundary()
  return (
    <Page title={t('brokenTitle')}>
      <Notice
        tone="danger"
        actions={
          <Button
            onClick={() => {
              reset()
              void router.invalidate()
            }}
          >
            {t('retry')}
          </Button>
        }
      >
        {problemText(error)}
      </Notice>
    </Page>
  )
}
