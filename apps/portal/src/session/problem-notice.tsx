import type { JSX, ReactNode } from 'react'
import { useTranslations } from 'use-intl'

import { isRefusal, useProblemText } from '../api/problem-text.ts'
import { clockError } from '../api/server-clock.ts'
import { Notice } from '../ui/notice.tsx'
import { PasskeyUnavailableError } from './passkey.ts'
import { NotProvenError } from './proof.ts'

interface ProblemNoticeProps {
  readonly problem: unknown
  readonly actions?: ReactNode
}

/** Says what went wrong, if something did; a code that was refused may be the fault of a clock. */
export function ProblemNotice({ problem, actions }: ProblemNoticeProps): JSX.Element | null {
  const t = useTranslations('session')
  const problemText = useProblemText()
  // Who gives up proving who they are knows it.
  if (problem === undefined || problem === null || problem instanceof NotProvenError) return null
  const clock = isRefusal(problem, 'wrong-otp') ? clockError() : undefined
  const text = problem instanceof PasskeyUnavailableError ? t(problem.reason) : problemText(problem)
  return (
    <Notice tone="danger" title={clock === undefined ? undefined : text} actions={actions}>
      {clock === undefined
        ? text
        : t(clock.direction === 'ahead' ? 'clockAhead' : 'clockBehind', { minutes: clock.minutes })}
    </Notice>
  )
}
