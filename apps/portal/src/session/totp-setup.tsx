import { type JSX, type SubmitEvent, useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'

import { AnchorButton, Button } from '../ui/button.tsx'
import { CopyText } from '../ui/copy-text.tsx'
import { DialogActions } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { Stack } from '../ui/layout.tsx'
import styles from './factors.module.css'
import { ProblemNotice } from './problem-notice.tsx'
import type { TotpEnrolment, TotpSecret } from './use-totp-enrolment.ts'

interface TotpSetupProps {
  readonly enrolment: TotpEnrolment
  readonly secret: TotpSecret
  readonly onEnrolled: () => void
  /** What giving up leads to. */
  readonly back: string
}

/** Shows the secret for an authenticator app, as picture and text, and takes the app's first code. */
export function TotpSetup({ enrolment, secret, onEnrolled, back }: TotpSetupProps): JSX.Element {
  const t = useTranslations('session')
  const [code, setCode] = useState('')
  const field = useRef<HTMLInputElement>(null)
  const { busy, problem, confirm, giveUp } = enrolment
  useEffect(() => {
    field.current?.focus({ preventScroll: true })
  }, [])
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    if (await confirm(code)) {
      onEnrolled()
      return
    }
    field.current?.select()
    field.current?.focus()
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <ol className={styles.steps}>
          <li>{t('totp.install')}</li>
          <li>
            <p className={styles.onThisDevice}>
              <AnchorButton size="small" href={secret.uri}>
                {t('totp.open')}
              </AnchorButton>
            </p>
            <p>{t('totp.scan')}</p>
            <img
              className={styles.qr}
              src={`data:image/svg+xml,${encodeURIComponent(secret.qrSvg)}`}
              alt={t('totp.qr')}
              width={200}
              height={200}
            />
            <p>{t('totp.type')}</p>
            <CopyText text={secret.secret} label={t('totp.secret')} grouped />
          </li>
          <li>
            <TextField
              ref={field}
              label={t('totp.code')}
              code
              autoComplete="one-time-code"
              inputMode="numeric"
              maxLength={16}
              required
              value={code}
              onChange={(event) => {
                setCode(event.target.value)
              }}
            />
          </li>
        </ol>
        <ProblemNotice problem={problem} />
        <DialogActions>
          <Button onClick={giveUp}>{back}</Button>
          <Button type="submit" variant="primary" busy={busy}>
            {t('totp.confirm')}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}
