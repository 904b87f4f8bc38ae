import { answerOf, refusalOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { useLocation } from '@tanstack/react-router'
import { Check } from 'lucide-react'
import { type JSX, useEffect, useRef } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { isRefusal } from '../api/problem-text.ts'
import { type Me, meQuery } from '../session/me.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useProof } from '../session/proof.ts'
import { type Task, useTask } from '../session/use-task.ts'
import { Button, LinkButton } from '../ui/button.tsx'
import { Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'

interface ApprovalProps {
  readonly state: string
  readonly me: Me
  readonly onApproved: () => void
  readonly onDeclined: () => void
  readonly onExpired: () => void
}

/** Asks whose connection waits whether it is them. */
export function Approval({ state, me, onApproved, onDeclined, onExpired }: ApprovalProps): JSX.Element {
  const t = useTranslations('entry')
  const queries = useQueryClient()
  const approve = useApprove(state)
  const approval = useTask()
  const refusal = useTask()
  const button = useRef<HTMLButtonElement>(null)
  const next = useLocation({ select: ({ href }) => href })
  useEffect(() => {
    button.current?.focus()
  }, [])
  if (me.duties.length > 0) {
    return (
      <Stack>
        <Notice>{t('connect.duties')}</Notice>
        <LinkButton variant="primary" wide to={me.mustChangePassword ? '/change-password' : '/enrol'} search={{ next }}>
          {t('connect.doDuties')}
        </LinkButton>
      </Stack>
    )
  }
  const answer = (task: Task, other: Task, send: () => Promise<unknown>): Promise<boolean> => {
    other.forget()
    return task.run(async () => {
      try {
        await send()
      } catch (error) {
        if (isRefusal(error, 'challenge-expired')) onExpired()
        if (isRefusal(error, 'not-signed-in')) await queries.resetQueries({ queryKey: meQuery.queryKey })
        throw error
      }
    })
  }
  const submit = async (): Promise<void> => {
    if (await answer(approval, refusal, approve)) onApproved()
  }
  const decline = async (): Promise<void> => {
    const call = () => answerOf(api.POST('/api/v1/connect/{state}/decline', { params: { path: { state } } }))
    if (await answer(refusal, approval, call)) onDeclined()
  }
  return (
    <Stack>
      <Notice>{t('connect.check')}</Notice>
      <ProblemNotice problem={approval.problem ?? refusal.problem} />
      <Button
        ref={button}
        variant="primary"
        wide
        busy={approval.busy}
        icon={<Check size={18} aria-hidden="true" />}
        onClick={() => void submit()}
      >
        {t('connect.approve')}
      </Button>
      <Button wide busy={refusal.busy} onClick={() => void decline()}>
        {t('connect.decline')}
      </Button>
    </Stack>
  )
}

/** A session that was begun without a second factor is asked for it, once. */
function useApprove(state: string): () => Promise<unknown> {
  const withProof = useProof()
  return () => {
    let isAsked = false
    return withProof(async () => {
      try {
        await answerOf(api.POST('/api/v1/connect/{state}/approve', { params: { path: { state } } }))
      } catch (error) {
        if (isAsked || !isRefusal(error, 'factor-required')) throw error
        isAsked = true
        throw refusalOf(error.status, { code: 'reauthentication-required', message: error.message })
      }
    })
  }
}
