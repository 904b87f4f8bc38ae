import { answerOf, type operations } from '@sallyport/api-client'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { useProblemText } from '../api/problem-text.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { ConfirmDialog, DialogActions } from '../ui/dialog.tsx'
import { Card, Skeleton } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { DateTime } from '../ui/time.tsx'
import { TwoLines } from '../ui/two-lines.tsx'
import { BeginKeyChange } from './master-key-begin.tsx'
import styles from './platform.module.css'

type Keys = operations['masterKeyList']['responses'][200]['content']['application/json']['masterKeys']
type Step = 'begin' | 'finish' | 'cancel'

/** Shows with which master keys instances can start, and changes the key step by step. */
export function MasterKey({ mayWrite }: { readonly mayWrite: boolean }): JSX.Element {
  const t = useTranslations('platform.masterKey')
  const problemText = useProblemText()
  const [step, setStep] = useState<Step>()
  const { data, error } = useQuery({
    queryKey: ['master-key'],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/platform/master-key', { signal })),
  })
  const isChanging = (data?.masterKeys.length ?? 0) > 1
  const close = (): void => {
    setStep(undefined)
  }
  return (
    <Card title={t('title')} lead={isChanging ? t('changingLead') : t('lead')}>
      {error === null ? null : <Notice tone="danger">{problemText(error)}</Notice>}
      {data === undefined ? <Skeleton lines={2} /> : <KeyList keys={data.masterKeys} />}
      {mayWrite && data !== undefined ? (
        <DialogActions>
          {isChanging ? (
            <>
              <Button
                onClick={() => {
                  setStep('cancel')
                }}
              >
                {t('cancel')}
              </Button>
              <Button
                variant="primary"
                onClick={() => {
                  setStep('finish')
                }}
              >
                {t('finish')}
              </Button>
            </>
          ) : (
            <Button
              onClick={() => {
                setStep('begin')
              }}
            >
              {t('begin')}
            </Button>
          )}
        </DialogActions>
      ) : null}
      {step === 'begin' ? <BeginKeyChange onClose={close} /> : null}
      {step === 'finish' || step === 'cancel' ? <EndKeyChange step={step} onClose={close} /> : null}
    </Card>
  )
}

function KeyList({ keys }: { readonly keys: Keys }): JSX.Element {
  const t = useTranslations('platform.masterKey')
  return (
    <ul className={styles.networks}>
      {keys.map(({ fingerprint, since, isOfThisInstance }, index) => (
        <li key={fingerprint} className={styles.network}>
          <TwoLines second={t.rich('since', { at: () => <DateTime at={since} /> })}>
            <code>{fingerprint}</code>{' '}
            {keys.length > 1 ? <Badge tone="info">{index === 0 ? t('old') : t('new')}</Badge> : null}{' '}
            {isOfThisInstance ? <Badge tone="success">{t('ofThisInstance')}</Badge> : null}
          </TwoLines>
        </li>
      ))}
    </ul>
  )
}

function EndKeyChange({
  step,
  onClose,
}: {
  readonly step: 'finish' | 'cancel'
  readonly onClose: () => void
}): JSX.Element {
  const t = useTranslations('platform.masterKey')
  const queries = useQueryClient()
  const act = async (): Promise<void> => {
    await answerOf(
      step === 'finish'
        ? api.POST('/api/v1/platform/master-key/finish')
        : api.POST('/api/v1/platform/master-key/cancel'),
    )
    await queries.invalidateQueries({ queryKey: ['master-key'] })
  }
  if (step === 'finish') {
    return (
      <ConfirmDialog open onClose={onClose} title={t('finishTitle')} confirm={t('finish')} onConfirm={act}>
        <p>{t('finishWhat')}</p>
      </ConfirmDialog>
    )
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('cancelTitle')}
      undo={t('cancelUndo')}
      confirm={t('cancel')}
      onConfirm={act}
    >
      <p>{t('cancelWhat')}</p>
    </ConfirmDialog>
  )
}
