import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { Button } from '../../ui/button.tsx'
import { Notice } from '../../ui/notice.tsx'
import type { NetworkDraft, NetworkField } from './network-draft.ts'

interface NetworkConflictProps {
  readonly conflicts: readonly NetworkField[]
  readonly stored: NetworkDraft
  readonly onLoad: () => void
}

/** Says what somebody else has saved of the fields that were touched, and loads it. */
export function NetworkConflict({ conflicts, stored, onLoad }: NetworkConflictProps): JSX.Element {
  const t = useTranslations('settings.networks')
  const textOf = (field: NetworkField): string => {
    const value = stored[field]
    if (typeof value === 'boolean') return value ? t('conflict.on') : t('conflict.off')
    return value === '' ? t('conflict.nothing') : value.replaceAll('\n', ', ')
  }
  return (
    <Notice
      tone="danger"
      title={t('conflict.title')}
      actions={
        <Button size="small" onClick={onLoad}>
          {t('conflict.load')}
        </Button>
      }
    >
      <p>{t('conflict.hint')}</p>
      <ul>
        {conflicts.map((field) => (
          <li key={field}>{t('conflict.value', { field: t(`fields.${field}`), value: textOf(field) })}</li>
        ))}
      </ul>
    </Notice>
  )
}
