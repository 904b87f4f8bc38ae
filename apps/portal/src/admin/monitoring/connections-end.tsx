import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { useToast } from '../../ui/toast.tsx'
import type { Connection } from './connections-page.tsx'

interface EndConnectionProps {
  readonly connection: Connection
  readonly onClose: () => void
}

/** Asks before a live tunnel is cut, and says that this keeps nobody out. */
export function EndConnection({ connection, onClose }: EndConnectionProps): JSX.Element {
  const t = useTranslations('monitoring.connections')
  const queries = useQueryClient()
  const say = useToast()
  const { connectionId, username: user, deviceName: device, userId } = connection
  const end = async (): Promise<void> => {
    await answerOf(api.DELETE('/api/v1/connections/{id}', { params: { path: { id: connectionId } } }))
    await queries.invalidateQueries({ queryKey: ['connections'] })
    say(t('endDone', { user }))
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('endTitle', { user, device })}
      undo={t('endUndo')}
      confirm={t('endConfirm')}
      onConfirm={end}
    >
      <p>{t('endWhat')}</p>
      <p>
        {t.rich('endDisable', {
          user: (chunks) => (
            <Link to="/admin/users/$userId" params={{ userId }}>
              {chunks}
            </Link>
          ),
        })}
      </p>
    </ConfirmDialog>
  )
}
