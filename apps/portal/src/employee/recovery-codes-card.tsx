import { useQueryClient } from '@tanstack/react-query'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { useMe } from '../session/me.ts'
import { hasFactor, type OwnFactors } from '../session/own-factors.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { RecoveryCodeSheet } from '../session/recovery-code-sheet.tsx'
import { useRecoveryCodes } from '../session/use-recovery-codes.ts'
import { Button } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/dialog.tsx'
import { Card } from '../ui/layout.tsx'

/** Says how many recovery codes are left, and makes new ones. */
export function RecoveryCodesCard({ factors }: { readonly factors: OwnFactors }): JSX.Element | null {
  const t = useTranslations('employee')
  const { user, tenant } = useMe()
  const queries = useQueryClient()
  const { codes, busy, problem, make, forget } = useRecoveryCodes()
  const [isAsking, setAsking] = useState(false)
  const { left, of } = factors.recoveryCodes
  if (!factors.policy.methods.includes('recovery-code')) return null
  const kept = (): void => {
    forget()
    void queries.invalidateQueries({ queryKey: ['own-account'] })
  }
  if (codes !== undefined) {
    return (
      <Card title={t('codes.title')}>
        <RecoveryCodeSheet codes={codes} owner={`${user.username}, ${tenant.name}`} onKept={kept} />
      </Card>
    )
  }
  return (
    <Card title={t('codes.title')} lead={t('codes.lead')}>
      <p>{hasFactor(factors) ? t('codes.left', { left, of }) : t('codes.noFactor')}</p>
      <ProblemNotice problem={problem} />
      {hasFactor(factors) ? (
        <div>
          <Button
            busy={busy}
            onClick={() => {
              if (of === 0) void make()
              else setAsking(true)
            }}
          >
            {of === 0 ? t('codes.make') : t('codes.makeNew')}
          </Button>
        </div>
      ) : null}
      <ConfirmDialog
        open={isAsking}
        onClose={() => {
          setAsking(false)
        }}
        title={t('codes.newTitle')}
        confirm={t('codes.makeNew')}
        onConfirm={() => {
          // Where proof is due, it is asked for when this question is gone.
          void make()
          return Promise.resolve()
        }}
      >
        <p>{t('codes.newText')}</p>
      </ConfirmDialog>
    </Card>
  )
}
