import { Download } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { present } from '../../api/search-params.ts'
import { AnchorButton } from '../../ui/button.tsx'
import { Dialog, DialogActions } from '../../ui/dialog.tsx'
import { Stack } from '../../ui/layout.tsx'
import { type AuditSearch, isReversed } from './audit-search.ts'
import { TimeField } from './audit-time-field.tsx'

interface AuditExportProps {
  /** Its time is proposed. */
  readonly search: AuditSearch
  readonly onClose: () => void
}

/** Asks for a time and downloads the log of it. */
export function AuditExport({ search, onClose }: AuditExportProps): JSX.Element {
  const t = useTranslations('monitoring.audit')
  const [from, setFrom] = useState(search.from)
  const [to, setTo] = useState(search.to)
  const query = new URLSearchParams(present({ from, to })).toString()
  return (
    <Dialog open onClose={onClose} title={t('exportTitle')} description={t('exportWhat')}>
      <Stack>
        <TimeField label={t('exportFrom')} value={from} onChange={setFrom} />
        <TimeField
          label={t('exportTo')}
          isEnd
          value={to}
          error={isReversed(present({ from, to })) ? t('spanReversed') : undefined}
          onChange={setTo}
        />
        <DialogActions>
          <AnchorButton
            variant="primary"
            icon={<Download size={18} aria-hidden="true" />}
            href={`/api/v1/audit/export${query === '' ? '' : `?${query}`}`}
            download="audit.ndjson"
            onClick={onClose}
          >
            {t('exportStart')}
          </AnchorButton>
        </DialogActions>
      </Stack>
    </Dialog>
  )
}
