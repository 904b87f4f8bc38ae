import { Check, Copy, Download, Printer } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { Button } from '../ui/button.tsx'
import { DialogActions } from '../ui/dialog.tsx'
import { Checkbox } from '../ui/field.tsx'
import { Row, Stack } from '../ui/layout.tsx'
import { saveFile } from '../ui/save-file.ts'
import styles from './factors.module.css'
import { useLostOnLeaving } from './leaving.ts'

interface RecoveryCodeSheetProps {
  readonly codes: readonly string[]
  /** Whose codes they are, written on the sheet. */
  readonly owner: string
  readonly onKept: () => void
}

/** Shows new recovery codes, the one time that they are there, until the person says that they have kept them. */
export function RecoveryCodeSheet({ codes, owner, onKept }: RecoveryCodeSheetProps): JSX.Element {
  const t = useTranslations('session')
  const common = useTranslations('common')
  const [isKept, setKept] = useState(false)
  const [isCopied, setCopied] = useState(false)
  useLostOnLeaving('recoveryCodes', !isKept)
  const title = t('recovery.sheetTitle', { owner })
  const text = `${[title, '', ...codes].join('\n')}\n`
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
    } catch {
      // Without https there is no clipboard; the codes can be saved or printed.
    }
  }
  return (
    <Stack>
      <p>{t('recovery.why')}</p>
      <div className={styles.sheet}>
        <p className={styles.sheetTitle}>{title}</p>
        <ol className={styles.codes}>
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ol>
      </div>
      <Row>
        <Button
          size="small"
          icon={isCopied ? <Check size={16} aria-hidden="true" /> : <Copy size={16} aria-hidden="true" />}
          onClick={() => void copy()}
        >
          {isCopied ? common('copied') : t('recovery.copy')}
        </Button>
        <Button
          size="small"
          icon={<Download size={16} aria-hidden="true" />}
          onClick={() => {
            saveFile('recovery-codes.txt', text, 'text/plain')
          }}
        >
          {t('recovery.download')}
        </Button>
        <Button
          size="small"
          icon={<Printer size={16} aria-hidden="true" />}
          onClick={() => {
            window.print()
          }}
        >
          {t('recovery.print')}
        </Button>
      </Row>
      <Checkbox
        label={t('recovery.kept')}
        checked={isKept}
        onChange={(event) => {
          setKept(event.target.checked)
        }}
      />
      <DialogActions>
        <Button variant="primary" disabled={!isKept} onClick={onKept}>
          {t('continue')}
        </Button>
      </DialogActions>
    </Stack>
  )
}
