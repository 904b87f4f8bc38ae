import { useQueryClient } from '@tanstack/react-query'
import { QrCode } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { ProblemNotice } from '../session/problem-notice.tsx'
import { useTask } from '../session/use-task.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { Stack } from '../ui/layout.tsx'
import { type ImportLink, makeImportLink } from './device-calls.ts'
import { ImportLinkView } from './import-link-view.tsx'
import type { Device } from './own-queries.ts'

/** Makes a new link with which a phone gets its profile again. */
export function DeviceLink({ device: { deviceId, name } }: { readonly device: Device }): JSX.Element {
  const t = useTranslations('employee')
  const common = useTranslations('common')
  const queries = useQueryClient()
  const { busy, problem, run } = useTask()
  const [isOpen, setOpen] = useState(false)
  const [link, setLink] = useState<ImportLink>()
  const make = (): Promise<boolean> =>
    run(async () => {
      setLink(await makeImportLink(deviceId))
      await queries.invalidateQueries({ queryKey: ['own-devices'] })
    })
  const close = (): void => {
    setOpen(false)
    setLink(undefined)
  }
  return (
    <>
      <Button
        size="small"
        icon={<QrCode size={16} aria-hidden="true" />}
        onClick={() => {
          setOpen(true)
        }}
      >
        {t('device.link')}
      </Button>
      <Dialog open={isOpen} onClose={close} wide title={t('device.linkTitle', { name })}>
        <Stack>
          {link === undefined ? <p>{t('device.linkText')}</p> : <ImportLinkView link={link} />}
          <ProblemNotice problem={problem} />
          <DialogActions>
            <Button onClick={close}>{link === undefined ? common('cancel') : common('close')}</Button>
            {link === undefined ? (
              <Button variant="primary" busy={busy} onClick={() => void make()}>
                {t('device.linkMake')}
              </Button>
            ) : null}
          </DialogActions>
        </Stack>
      </Dialog>
    </>
  )
}
