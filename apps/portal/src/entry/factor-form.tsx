import { KeyRound } from 'lucide-react'
import { type JSX, type SubmitEvent, useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'

import { askForPasskey, knowsPasskeys } from '../session/passkey.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import styles from './entry.module.css'
import type { FactorProof, FactorQuestion, SignIn } from './use-sign-in.ts'

type Method = FactorQuestion['methods'][number]

interface FactorFormProps {
  readonly question: FactorQuestion
  readonly signIn: SignIn
  /** Whose factor it is. */
  readonly username: string
  /** Who it is cannot be changed here. */
  readonly isFixed: boolean
}

/** Takes the second factor, by the method that the person chooses. */
export function FactorForm({ question, signIn, username, isFixed }: FactorFormProps): JSX.Element {
  const t = useTranslations('entry')
  const session = useTranslations('session')
  const usable = question.methods.filter((method) => method !== 'passkey' || knowsPasskeys())
  const [method, setMethod] = useState<Method | undefined>(usable[0])
  const others = usable.filter((other) => other !== method)
  const names = {
    totp: session('useTotp'),
    passkey: session('usePasskey'),
    'recovery-code': session('useRecoveryCode'),
  }
  const provePasskey = async () => ({
    method: 'passkey' as const,
    assertion: await askForPasskey(question.passkeyOptions),
  })
  return (
    <Stack>
      <p className={styles.who}>
        {t.rich('factor.who', {
          name: () => (
            <strong>
              <bdi>{username}</bdi>
            </strong>
          ),
        })}
      </p>
      {usable.length < question.methods.length ? (
        <Notice tone={method === undefined ? 'warning' : 'info'}>
          {t(method === undefined ? 'factor.onlyPasskey' : 'factor.noPasskeyHere')}
        </Notice>
      ) : null}
      {method === 'passkey' ? <PasskeyStep prove={provePasskey} signIn={signIn} /> : null}
      {method === 'totp' || method === 'recovery-code' ? (
        <CodeStep key={method} method={method} signIn={signIn} />
      ) : null}
      <div className={styles.others}>
        {others.map((other) => (
          <Button
            key={other}
            variant="quiet"
            size="small"
            onClick={() => {
              setMethod(other)
              signIn.forget()
              // Whoever has chosen it need not press another button.
              if (other === 'passkey') void signIn.answer(provePasskey)
            }}
          >
            {names[other]}
          </Button>
        ))}
        {isFixed ? null : (
          <Button variant="quiet" size="small" onClick={signIn.beginAgain}>
            {t('factor.back')}
          </Button>
        )}
      </div>
    </Stack>
  )
}

function CodeStep({
  method,
  signIn,
}: {
  readonly method: 'totp' | 'recovery-code'
  readonly signIn: SignIn
}): JSX.Element {
  const t = useTranslations('entry')
  const session = useTranslations('session')
  const field = useRef<HTMLInputElement>(null)
  const [code, setCode] = useState('')
  useEffect(() => {
    field.current?.focus()
  }, [])
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    if (await signIn.answer(() => Promise.resolve({ method, code }))) return
    field.current?.select()
    field.current?.focus()
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <TextField
          ref={field}
          label={method === 'totp' ? session('code') : session('recoveryCode')}
          description={method === 'totp' ? t('factor.totpHelp') : t('factor.recoveryHelp')}
          code
          autoComplete="one-time-code"
          autoCapitalize="none"
          spellCheck={false}
          inputMode={method === 'totp' ? 'numeric' : 'text'}
          maxLength={32}
          required
          value={code}
          onChange={(event) => {
            setCode(event.target.value)
          }}
        />
        <ProblemNotice problem={signIn.problem} />
        <Button type="submit" variant="primary" wide busy={signIn.busy}>
          {t('signIn.submit')}
        </Button>
      </Stack>
    </form>
  )
}

interface PasskeyStepProps {
  readonly prove: () => Promise<FactorProof>
  readonly signIn: SignIn
}

function PasskeyStep({ prove, signIn }: PasskeyStepProps): JSX.Element {
  const t = useTranslations('entry')
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    button.current?.focus()
  }, [])
  return (
    <Stack>
      <p>{t('factor.passkeyHelp')}</p>
      <ProblemNotice problem={signIn.problem} />
      <Button
        ref={button}
        variant="primary"
        wide
        busy={signIn.busy}
        icon={<KeyRound size={18} aria-hidden="true" />}
        onClick={() => void signIn.answer(prove)}
      >
        {t('factor.usePasskey')}
      </Button>
    </Stack>
  )
}
