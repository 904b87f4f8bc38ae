import { Outlet, useBlocker } from '@tanstack/react-router'
import { type JSX, useCallback, useMemo, useState } from 'react'
import { useTranslations } from 'use-intl'

import { ConfirmDialog } from '../ui/dialog.tsx'
import { LeaveContext, type Losable, type Loss, lostBetween, useHeld } from './leaving.ts'
import { ProofContext, type WithProof } from './proof.ts'

/** Nobody has to prove who they are to leave. */
const AT_ONCE: WithProof = (act) => act()

/** Shows the pages, and asks before anybody loses something by leaving one. */
export function LeaveQuestion(): JSX.Element {
  const { held, hold } = useHeld()
  const [lost, setLost] = useState<readonly Losable[]>([])
  const [wish, setWish] = useState<{ readonly goOn: () => void }>()
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => {
      const found = lostBetween(held, current, next)
      if (found.length > 0) setLost(found)
      return found.length > 0
    },
    enableBeforeUnload: true,
    disabled: held.length === 0,
    withResolver: true,
  })
  const ask = useCallback((found: readonly Losable[], goOn: () => void) => {
    setLost(found)
    setWish({ goOn })
  }, [])
  const scope = useMemo(() => ({ held, hold, ask }), [held, hold, ask])
  const stay = (): void => {
    setWish(undefined)
    blocker.reset?.()
  }
  const leave = (): void => {
    setWish(undefined)
    // Another address was asked for last.
    if (blocker.status === 'blocked') blocker.proceed()
    else wish?.goOn()
  }
  return (
    <LeaveContext value={scope}>
      <Outlet />
      {blocker.status === 'blocked' || wish !== undefined ? (
        <ProofContext value={AT_ONCE}>
          <Question lost={lost} onStay={stay} onLeave={leave} />
        </ProofContext>
      ) : null}
    </LeaveContext>
  )
}

interface QuestionProps {
  readonly lost: readonly Losable[]
  readonly onStay: () => void
  readonly onLeave: () => void
}

function Question({ lost, onStay, onLeave }: QuestionProps): JSX.Element {
  const t = useTranslations('session.leave')
  const losses = [...new Set(lost.map(({ loss }) => loss))]
  const [first = 'changes'] = losses
  const isOnly = (one: Loss): boolean => losses.every((loss) => loss === one)
  const undo = isOnly('import') ? t('importAgain') : isOnly('importLink') ? t('linkAgain') : undefined
  return (
    <ConfirmDialog
      open
      onClose={onStay}
      title={t(`${first}.title`)}
      undo={undo}
      cancel={t('stay')}
      confirm={t(`${first}.confirm`)}
      onConfirm={() => {
        onLeave()
        return Promise.resolve()
      }}
    >
      {losses.map((loss) => (
        <p key={loss}>{t(`${loss}.text`)}</p>
      ))}
    </ConfirmDialog>
  )
}
