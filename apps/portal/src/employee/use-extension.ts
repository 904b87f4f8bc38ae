import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { useFormatter, useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { useProof } from '../session/proof.ts'
import { type Task, useTask } from '../session/use-task.ts'
import { useToast } from '../ui/toast.tsx'
import type { Connection } from './own-queries.ts'

/** How the login of a live connection is begun anew. */
export interface Extension extends Omit<Task, 'run'> {
  readonly extend: () => Promise<unknown>
}

/** Extends the login of a live connection, with a proof of who asks; says when it ends then. */
export function useExtension({ connectionId: id, sessionEndsAt }: Connection): Extension {
  const t = useTranslations('employee')
  const format = useFormatter()
  const say = useToast()
  const queries = useQueryClient()
  const withProof = useProof()
  const { run, ...task } = useTask()
  const extend = (): Promise<boolean> =>
    run(async () => {
      const params = { path: { id } }
      const extended = await withProof(() => answerOf(api.POST('/api/v1/me/connections/{id}/extend', { params })))
      await queries.invalidateQueries({ queryKey: ['own-connections'] })
      const endsAt = new Date(extended.sessionEndsAt)
      const end = format.dateTime(endsAt, { dateStyle: 'medium', timeStyle: 'short' })
      const isLater = sessionEndsAt === null || endsAt.getTime() > Date.parse(sessionEndsAt)
      say(isLater ? t('connection.extended', { end }) : t('connection.notLater', { end }))
    })
  return { ...task, extend }
}
