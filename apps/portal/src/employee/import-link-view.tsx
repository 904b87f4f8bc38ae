import { Smartphone } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { useLostOnLeaving } from '../session/leaving.ts'
import { AnchorButton } from '../ui/button.tsx'
import { CopyText } from '../ui/copy-text.tsx'
import type { ImportLink } from './device-calls.ts'
import styles from './employee.module.css'

interface ImportLinkViewProps {
  readonly link: ImportLink
  /** Its device has connected: nobody needs it any more. */
  readonly isUsed?: boolean
}

/** Shows a link that gives a profile once: to scan, to tap, or to send to oneself. */
export function ImportLinkView({ link, isUsed = false }: ImportLinkViewProps): JSX.Element {
  const t = useTranslations('employee')
  const format = useFormatter()
  const [isKept, setKept] = useState(false)
  useLostOnLeaving('importLink', !isKept && !isUsed)
  const keep = (): void => {
    setKept(true)
  }
  return (
    <div className={styles.link}>
      <img
        className={styles.qr}
        src={`data:image/svg+xml,${encodeURIComponent(link.qrSvg)}`}
        alt={t('made.qr')}
        width={220}
        height={220}
      />
      <div>
        <p>{t('made.scan')}</p>
        <div>
          <AnchorButton
            variant="primary"
            href={link.importUrl}
            icon={<Smartphone size={18} aria-hidden="true" />}
            onClick={keep}
          >
            {t('made.open')}
          </AnchorButton>
        </div>
        <p>{t('made.linkUntil', { time: format.dateTime(new Date(link.expiresAt), { timeStyle: 'short' }) })}</p>
        <CopyText text={link.url} label={t('made.linkLabel')} onKept={keep} />
      </div>
    </div>
  )
}
