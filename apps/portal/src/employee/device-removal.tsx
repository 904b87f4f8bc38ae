import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { Trash2 } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { Button } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/dialog.tsx'
import { useToast } from '../ui/toast.tsx'
import type { Device } from './own-queries.ts'

/** Revokes a device, after asking. */
export function DeviceRemoval({ device: { deviceId, name } }: { readonly device: Device }): JSX.Element {
  const t = useTranslations('employee')
  const queries = useQueryClient()
  const say = useToast()
  const [isAsking, setAsking] = useState(false)
  const remove = async (): Promise<void> => {
    await answerOf(api.DELETE('/api/v1/devices/{id}', { params: { path: { id: deviceId } } }))
    await queries.invalidateQueries({ queryKey: ['own-devices'] })
    say(t('device.removed', { name }))
  }
  return (
    <>
      <Button
        size="small"
        icon={<Trash2 size={16} aria-hidden="true" />}
        onClick={() => {
          setAsking(true)
        }}
      >
        {t('device.remove')}
      </Button>
      <ConfirmDialog
        open={isAsking}
        onClose={() => {
          setAsking(false)
        }}
        title={t('device.removeTitle', { name })}
        confirm={t('device.remove')}
        onConfirm={remove}
      >
        <p>{t('device.removeText')}</p>
      </ConfirmDialog>
    </>
  )
}
