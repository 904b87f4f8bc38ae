import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { useToast } from '../../ui/toast.tsx'
import type { Device } from './devices-page.tsx'

interface RevokeDeviceProps {
  readonly device: Device
  readonly onClose: () => void
}

/** Asks before a device is revoked for good. */
export function RevokeDevice({ device, onClose }: RevokeDeviceProps): JSX.Element {
  const t = useTranslations('monitoring.devices')
  const queries = useQueryClient()
  const say = useToast()
  const names = { device: device.name, user: device.username }
  const revoke = async (): Promise<void> => {
    await answerOf(api.DELETE('/api/v1/devices/{id}', { params: { path: { id: device.deviceId } } }))
    await queries.invalidateQueries({ queryKey: ['devices'] })
    say(t('revokeDone', names))
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('revokeTitle', names)}
      confirm={t('revokeConfirm')}
      onConfirm={revoke}
    >
      <p>{t('revokeWhat')}</p>
      <p>{t('revokeNext', names)}</p>
    </ConfirmDialog>
  )
}
