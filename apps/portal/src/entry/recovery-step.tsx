import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { ProblemNotice } from '../session/problem-notice.tsx'
import { RecoveryCodeSheet } from '../session/recovery-code-sheet.tsx'
import type { RecoveryCodes } from '../session/use-recovery-codes.ts'
import { Button } from '../ui/button.tsx'
import { DialogActions } from '../ui/dialog.tsx'
import { Skeleton, Stack } from '../ui/layout.tsx'

interface RecoveryStepProps {
  readonly recoveryCodes: RecoveryCodes
  /** There was a set already when the page was loaded; it is not shown again. */
  readonly hasSome: boolean
  readonly owner: string
  readonly onFinished: () => void
}

/** Has somebody who has just set up a second factor keep recovery codes for it. */
export function RecoveryStep({ recoveryCodes, hasSome, owner, onFinished }: RecoveryStepProps): JSX.Element {
  const t = useTranslations('entry')
  const { codes, isLost, busy, problem, make } = recoveryCodes
  if (codes !== undefined) return <RecoveryCodeSheet codes={codes} owner={owner} onKept={onFinished} />
  if (busy && problem === undefined) return <Skeleton lines={8} />
  const mayHaveSome = hasSome || isLost
  return (
    <Stack>
      <p>{isLost ? t('enrol.codesLost') : hasSome ? t('enrol.codesAgain') : t('enrol.codesWhy')}</p>
      <ProblemNotice problem={problem} />
      <DialogActions>
        <Button onClick={onFinished}>{hasSome ? t('enrol.codesKept') : t('enrol.codesLater')}</Button>
        <Button variant="primary" busy={busy} onClick={() => void make()}>
          {mayHaveSome ? t('enrol.codesMakeNew') : t('enrol.codesMake')}
        </Button>
      </DialogActions>
    </Stack>
  )
}
