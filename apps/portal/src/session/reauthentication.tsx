import { answerOf, type operations } from '@sallyport/api-client'
import { useQuery } from '@tanstack/react-query'
import { type JSX, type ReactNode, type SubmitEvent, useCallback, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { isRefusal } from '../api/problem-text.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { Skeleton, Stack } from '../ui/layout.tsx'
import { askForPasskey } from './passkey.ts'
import { ProblemNotice } from './problem-notice.tsx'
import { NotProvenError, ProofContext, type WithProof } from './proof.ts'

type Proof = NonNullable<operations['accountReauthenticate']['requestBody']>['content']['application/json']
type Factor = NonNullable<Proof['factor']>
type Method = Factor['method']

/** Can ask anybody inside it to prove again who they are. */
export function ReauthenticationProvider({ children }: { readonly children: ReactNode }): JSX.Element {
  const [isOpen, setOpen] = useState(false)
  const waiting = useRef<PromiseWithResolvers<undefined>>(undefined)
  const withProof = useCallback<WithProof>(async (act) => {
    try {
      return await act()
    } catch (error) {
      if (!isRefusal(error, 'reauthentication-required')) throw error
    }
    waiting.current ??= Promise.withResolvers()
    setOpen(true)
    await waiting.current.promise
    return act()
  }, [])
  const finish = (error?: Error): void => {
    setOpen(false)
    if (error === undefined) waiting.current?.resolve(undefined)
    else waiting.current?.reject(error)
    waiting.current = undefined
  }
  return (
    <ProofContext value={withProof}>
      {children}
      {isOpen ? (
        <ProofDialog
          onProven={() => {
            finish()
          }}
          onClose={() => {
            finish(new NotProvenError('not proven'))
          }}
        />
      ) : null}
    </ProofContext>
  )
}

function ProofDialog({
  onProven,
  onClose,
}: {
  readonly onProven: () => void
  readonly onClose: () => void
}): JSX.Element {
  const t = useTranslations('session')
  const options = useQuery({
    queryKey: ['reauthentication'],
    queryFn: () => answerOf(api.POST('/api/v1/me/reauthenticate/options')),
    staleTime: 0,
    gcTime: 0,
  })
  return (
    <Dialog open onClose={onClose} title={t('proveTitle')} description={t('proveWhy')}>
      {options.error === null ? null : <ProblemNotice problem={options.error} />}
      {options.data === undefined ? (
        <Skeleton lines={3} />
      ) : (
        <ProofForm
          methods={options.data.methods}
          assert={() => askForPasskey(options.data.passkeyOptions)}
          onProven={onProven}
          onClose={onClose}
        />
      )}
    </Dialog>
  )
}

interface ProofFormProps {
  readonly methods: readonly Method[]
  readonly assert: () => Promise<Extract<Factor, { method: 'passkey' }>['assertion']>
  readonly onProven: () => void
  readonly onClose: () => void
}

function ProofForm({ methods, assert, onProven, onClose }: ProofFormProps): JSX.Element {
  const t = useTranslations('session')
  const [method, setMethod] = useState<Method | undefined>(methods[0])
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const prove = async (): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    try {
      const factor =
        method === undefined
          ? undefined
          : method === 'passkey'
            ? { method, assertion: await assert() }
            : { method, code }
      await answerOf(
        api.POST('/api/v1/me/reauthenticate', { body: factor === undefined ? { password } : { password, factor } }),
      )
      onProven()
    } catch (error) {
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void prove()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextField
          label={t('password')}
          type="password"
          autoComplete="current-password"
          autoFocus
          required
          value={password}
          onChange={(event) => {
            setPassword(event.target.value)
          }}
        />
        {method === 'totp' || method === 'recovery-code' ? (
          <TextField
            label={method === 'totp' ? t('code') : t('recoveryCode')}
            code
            autoComplete="one-time-code"
            inputMode={method === 'totp' ? 'numeric' : 'text'}
            required
            value={code}
            onChange={(event) => {
              setCode(event.target.value)
            }}
          />
        ) : null}
        {method === 'passkey' ? <p>{t('passkeyNext')}</p> : null}
        <OtherMethods methods={methods} method={method} onChoose={setMethod} />
        <ProblemNotice problem={problem} />
        <DialogActions>
          <Button onClick={onClose}>{t('notNow')}</Button>
          <Button type="submit" variant="primary" busy={busy}>
            {t('continue')}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}

interface OtherMethodsProps {
  readonly methods: readonly Method[]
  readonly method: Method | undefined
  readonly onChoose: (method: Method) => void
}

function OtherMethods({ methods, method, onChoose }: OtherMethodsProps): JSX.Element | null {
  const t = useTranslations('session')
  const names = { totp: t('useTotp'), passkey: t('usePasskey'), 'recovery-code': t('useRecoveryCode') }
  const others = methods.filter((other) => other !== method)
  if (others.length === 0) return null
  return (
    <div>
      {others.map((other) => (
        <Button
          key={other}
          variant="quiet"
          size="small"
          onClick={() => {
            onChoose(other)
          }}
        >
          {names[other]}
        </Button>
      ))}
    </div>
  )
}
