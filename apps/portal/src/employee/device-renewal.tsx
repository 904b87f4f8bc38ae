import { ApiUnreachableError } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { FileKey, RefreshCw } from 'lucide-react'
import { type JSX, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'

import { useLostOnLeaving } from '../session/leaving.ts'
import { useMe } from '../session/me.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { useTask } from '../session/use-task.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'
import { PROFILE_TYPE, saveFile } from '../ui/save-file.ts'
import { renewDevice } from './device-calls.ts'
import { canMakeKeys, type DeviceKey, makeDeviceKey } from './device-key.ts'
import styles from './employee.module.css'
import type { Device } from './own-queries.ts'
import { fileNameOf } from './profile-file.ts'

/** Gives a device a new certificate, for a new key of this browser, in a new profile. */
export function DeviceRenewal({ device: { deviceId, name } }: { readonly device: Device }): JSX.Element {
  const t = useTranslations('employee')
  const common = useTranslations('common')
  const queries = useQueryClient()
  const { tenant } = useMe()
  const { busy, problem, run } = useTask()
  const [isOpen, setOpen] = useState(false)
  const [profile, setProfile] = useState<string>()
  const unused = useRef<DeviceKey>(undefined)
  const fileName = fileNameOf(tenant.slug, name)
  // The dialog may be closed: the key stays with its button, and goes with the page.
  useLostOnLeaving('deviceKey', canMakeKeys() && (busy || problem instanceof ApiUnreachableError))
  const renew = (): Promise<boolean> =>
    run(async () => {
      // A call without an answer is made again with the same key: the service knows it then.
      if (canMakeKeys()) unused.current ??= await makeDeviceKey()
      const handed = await renewDevice(deviceId, unused.current)
      unused.current = undefined
      if (handed.profile === undefined) return
      setProfile(handed.profile)
      saveFile(fileName, handed.profile, PROFILE_TYPE)
      await queries.invalidateQueries({ queryKey: ['own-devices'] })
    })
  const close = (): void => {
    setOpen(false)
    setProfile(undefined)
  }
  return (
    <>
      <Button
        size="small"
        icon={<RefreshCw size={16} aria-hidden="true" />}
        onClick={() => {
          setOpen(true)
        }}
      >
        {t('device.renew')}
      </Button>
      <Dialog open={isOpen} onClose={close} title={t('device.renewTitle', { name })}>
        <Stack>
          {profile === undefined ? (
            <>
              <p>{t('device.renewText')}</p>
              <Notice tone={canMakeKeys() ? 'info' : 'warning'}>
                {canMakeKeys() ? t('add.ownKey') : t('add.serverKey')}
              </Notice>
            </>
          ) : (
            <>
              <Notice tone="success">{t('device.renewed', { file: fileName })}</Notice>
              <ol className={styles.steps}>
                <li>{t('device.renewImport')}</li>
                <li>{t('device.renewConnect')}</li>
                <li>{t('device.renewDelete')}</li>
              </ol>
            </>
          )}
          <ProblemNotice problem={problem} />
          <DialogActions>
            <Button onClick={close}>{profile === undefined ? common('cancel') : common('close')}</Button>
            {profile === undefined ? (
              <Button
                variant="primary"
                busy={busy}
                icon={<FileKey size={18} aria-hidden="true" />}
                onClick={() => void renew()}
              >
                {t('device.renewMake')}
              </Button>
            ) : (
              <Button
                onClick={() => {
                  saveFile(fileName, profile, PROFILE_TYPE)
                }}
              >
                {t('made.again')}
              </Button>
            )}
          </DialogActions>
        </Stack>
      </Dialog>
    </>
  )
}
