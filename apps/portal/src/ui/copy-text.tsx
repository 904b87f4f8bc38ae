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
  /** It is easier to type in groups of four; a copy has no gaps. */
  readonly grouped?: boolean
  /** It was copied. */
  readonly onKept?: () => void
}

/** Shows a text to copy, for example a secret or a link. */
export function CopyText({ text, label, once = false, grouped = false, onKept }: CopyTextProps): JSX.Element {
  const t = useTranslations('common')
  const [kept, setKept] = useState<string>()
  useLostOnLeaving('shownOnce', once && kept !== text)
  const [copied, setCopied] = useState(false)
  const keep = (): void => {
    setKept(text)
    onKept?.()
  }
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text)
    keep()
    setCopied(true)
    setTimeout(() => {
      setCopied(false)
    }, SHOWN_MS)
  }
  return (
    <div className={styles.copy}>
      <code className={styles.text} aria-label={label} onCopy={keep}>
        {grouped ? groupsOf(text) : text}
      </code>
      <Button
        label={copied ? t('copied') : t('copyNamed', { name: label })}
        icon={copied ? <Check size={18} aria-hidden="true" /> : <Copy size={18} aria-hidden="true" />}
        onClick={() => void copy().catch(() => undefined)}
      />
    </div>
  )
}

/** The gaps are drawn, not written. */
function groupsOf(text: string): JSX.Element[] {
  return Array.from(text.matchAll(/.{1,4}/g), ({ 0: group, index }) => (
    <span key={index} className={styles.group}>
      {group}
    </span>
  ))
}
