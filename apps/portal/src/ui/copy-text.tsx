import { Check, Copy } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { Button } from './button.tsx'
import styles from './copy-text.module.css'

const SHOWN_MS = 2000

/** Shows a text to copy, for example a secret or a link; `label` says what it is. */
export function CopyText({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const t = useTranslations('common')
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => {
      setCopied(false)
    }, SHOWN_MS)
  }
  return (
    <div className={styles.copy}>
      <code className={styles.text} aria-label={label}>
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
