import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { ConfirmDialog } from '../ui/dialog.tsx'
import { useToast } from '../ui/toast.tsx'
import type { Service } from './nodes-page.tsx'

/** What an operator does with a service. */
export type NodeAct = 'drain' | 'resume' | 'revoke'

interface NodeActProps {
  readonly service: Service
  readonly onClose: () => void
}

/** Asks before a node is drained, resumed or revoked. */
export function NodeActDialog({ act, ...props }: NodeActProps & { readonly act: NodeAct }): JSX.Element {
  if (act === 'revoke') return <RevokeService {...props} />
  return <DrainNode {...props} act={act} />
}

/** Gives the function that does it and shows the list anew. */
function useNodeAct({ service }: Pick<NodeActProps, 'service'>): (act: NodeAct) => Promise<void> {
  const t = useTranslations('platform.nodes')
  const queries = useQueryClient()
  const say = useToast()
  const params = { path: { id: service.serviceId } }
  const calls = {
    drain: () => answerOf(api.POST('/api/v1/platform/services/{id}/drain', { params })),
    resume: () => answerOf(api.POST('/api/v1/platform/services/{id}/resume', { params })),
    revoke: () => answerOf(api.POST('/api/v1/platform/services/{id}/revoke', { params })),
  }
  return async (act) => {
    await calls[act]()
    await queries.invalidateQueries({ queryKey: ['nodes'] })
    say(t(`${act}Done`, { name: service.name }))
  }
}

function DrainNode({ service, act, onClose }: NodeActProps & { readonly act: 'drain' | 'resume' }): JSX.Element {
  const t = useTranslations('platform.nodes')
  const run = useNodeAct({ service })
  const { name, connections } = service
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t(`${act}Title`, { name })}
      undo={t(`${act}Undo`)}
      confirm={t(act)}
      onConfirm={() => run(act)}
    >
      <p>{act === 'drain' ? t('drainWhat', { count: connections ?? 0 }) : t('resumeWhat')}</p>
      {act === 'drain' ? <p>{t('drainOthers')}</p> : null}
    </ConfirmDialog>
  )
}

function RevokeService({ service, onClose }: NodeActProps): JSX.Element {
  const t = useTranslations('platform.nodes')
  const run = useNodeAct({ service })
  const { name, role, connections } = service
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('revokeTitle', { name })}
      confirm={t('revoke')}
      typed={name}
      onConfirm={() => run('revoke')}
    >
      <p>{role === 'vpn-node' ? t('revokeNode', { count: connections ?? 0 }) : t('revokeOther')}</p>
      <p>{t('revokeBack')}</p>
    </ConfirmDialog>
  )
}
