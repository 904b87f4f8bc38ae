import { Check, Copy } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { useLostOnLeaving } from '../session/leaving.ts'
import { Button } from './button.tsx'
import styles from './copy-text.module.css'

const SHOWN_MS = 2000

interface CopyTextProps {
  readonly text: string
  /** What it is. */
  readonly label: string
  /** It is shown only this once: whoever leaves without a copy is asked first. */
  readonly once?: boolean
}

/** Shows a text to copy, for example a secret or a link. */
export function CopyText({ text, label, once = false }: CopyTextProps): JSX.Element {
  const t = useTranslations('common')
  const [kept, setKept] = useState<string>()
  useLostOnLeaving('shownOnce', once && kept !== text)
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text)
    setKept(text)
    setCopied(true)
    setTimeout(() => {
      setCopied(false)
    }, SHOWN_MS)
  }
  return (
    <div className={styles.copy}>
      <code
        className={styles.text}
        aria-label={label}
        onCopy={() => {
          setKept(text)
        }}
      >
        {text}
      </code>
      <Button
        label={copied ? t('copied') : t('copyNamed', { name: label })}
        icon={copied ? <Check size={18} aria-hidden="true" /> : <Copy size={18} aria-hidden="true" />}
        onClick={() => void copy().catch(() => undefined)}
      />
    </div>
  )
}
