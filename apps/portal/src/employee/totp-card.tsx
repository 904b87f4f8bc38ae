import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { type JSX, useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import type { OwnFactors } from '../session/own-factors.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { TotpSetup } from '../session/totp-setup.tsx'
import { useTotpEnrolment } from '../session/use-totp-enrolment.ts'
import { Button } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/dialog.tsx'
import { Card } from '../ui/layout.tsx'
import { useToast } from '../ui/toast.tsx'

/** Lets the reader set up or remove an authenticator app. */
export function TotpCard({ factors }: { readonly factors: OwnFactors }): JSX.Element | null {
  const t = useTranslations('employee')
  const common = useTranslations('common')
  const format = useFormatter()
  const queries = useQueryClient()
  const say = useToast()
  const enrolment = useTotpEnrolment()
  const { enrolledAt } = factors.totp
  const isOffered = factors.policy.mfa === 'off' || factors.policy.methods.includes('totp')
  if (enrolledAt === null && !isOffered) return null
  const enrolled = (): void => {
    say(t('totp.done'))
    void queries.invalidateQueries({ queryKey: ['own-account'] })
  }
  return (
    <Card title={t('totp.title')} lead={t('totp.lead')}>
      {enrolledAt !== null ? (
        <>
          <p>{t('totp.since', { date: format.dateTime(new Date(enrolledAt), { dateStyle: 'long' }) })}</p>
          <TotpRemoval />
        </>
      ) : enrolment.secret !== undefined ? (
        <TotpSetup enrolment={enrolment} secret={enrolment.secret} onEnrolled={enrolled} back={common('cancel')} />
      ) : (
        <>
          <ProblemNotice problem={enrolment.problem} />
          <div>
            <Button autoFocus={enrolment.isGivenUp} busy={enrolment.busy} onClick={() => void enrolment.begin()}>
              {t('totp.setUp')}
            </Button>
          </div>
        </>
      )}
    </Card>
  )
}

function TotpRemoval(): JSX.Element {
  const t = useTranslations('employee')
  const queries = useQueryClient()
  const say = useToast()
  const [isAsking, setAsking] = useState(false)
  const remove = async (): Promise<void> => {
    await answerOf(api.DELETE('/api/v1/me/totp'))
    await queries.invalidateQueries({ queryKey: ['own-account'] })
    say(t('totp.removed'))
  }
  return (
    <div>
      <Button
        onClick={() => {
          setAsking(true)
        }}
      >
        {t('totp.remove')}
      </Button>
      <ConfirmDialog
        open={isAsking}
        onClose={() => {
          setAsking(false)
        }}
        title={t('totp.removeTitle')}
        undo={t('totp.removeUndo')}
        confirm={t('totp.remove')}
        onConfirm={remove}
      >
        <p>{t('totp.removeText')}</p>
      </ConfirmDialog>
    </div>
  )
}
