import { ChevronRight, KeyRound, type LucideIcon, Smartphone } from 'lucide-react'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { knowsPasskeys } from '../session/passkey.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import type { TotpEnrolment } from '../session/use-totp-enrolment.ts'
import { Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import styles from './entry.module.css'

interface FactorChoiceProps {
  /** What the policy accepts. */
  readonly methods: readonly string[]
  readonly enrolment: TotpEnrolment
  /** Another way was given up: the choice has the focus again. */
  readonly hasFocus: boolean
  readonly onPasskey: () => void
}

/** Offers the kinds of second factors that the policy accepts and this browser can do. */
export function FactorChoice({ methods, enrolment, hasFocus, onPasskey }: FactorChoiceProps): JSX.Element {
  const t = useTranslations('entry')
  const takesTotp = methods.includes('totp')
  const takesPasskey = methods.includes('passkey')
  const offersPasskey = takesPasskey && knowsPasskeys()
  return (
    <Stack>
      {takesTotp ? (
        <Choice
          icon={Smartphone}
          name={t('enrol.totp')}
          text={t('enrol.totpText')}
          busy={enrolment.busy}
          hasFocus={hasFocus}
          onChoose={() => void enrolment.begin()}
        />
      ) : null}
      {offersPasskey ? (
        <Choice
          icon={KeyRound}
          name={t('enrol.passkey')}
          text={t(takesTotp ? 'enrol.passkeyText' : 'enrol.passkeyOnlyText')}
          busy={false}
          hasFocus={hasFocus && !takesTotp}
          onChoose={onPasskey}
        />
      ) : null}
      {takesPasskey && !offersPasskey ? (
        <Notice tone={takesTotp ? 'info' : 'warning'}>
          {t(takesTotp ? 'enrol.noPasskeyHere' : 'enrol.onlyPasskey')}
        </Notice>
      ) : null}
      {takesTotp || takesPasskey ? null : <Notice tone="warning">{t('enrol.nothing')}</Notice>}
      <ProblemNotice problem={enrolment.problem} />
    </Stack>
  )
}

interface ChoiceProps {
  readonly icon: LucideIcon
  readonly name: string
  readonly text: string
  readonly busy: boolean
  readonly hasFocus: boolean
  readonly onChoose: () => void
}

function Choice({ icon: Icon, name, text, busy, hasFocus, onChoose }: ChoiceProps): JSX.Element {
  return (
    <button
      type="button"
      className={styles.choice}
      autoFocus={hasFocus}
      aria-disabled={busy}
      onClick={() => {
        if (!busy) onChoose()
      }}
    >
      <Icon size={28} aria-hidden="true" />
      <span className={styles.choiceName}>{name}</span>
      <span className={styles.choiceText}>{text}</span>
      <ChevronRight size={20} aria-hidden="true" />
    </button>
  )
}
