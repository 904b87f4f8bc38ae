import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { isRefusal, useProblemText } from '../../api/problem-text.ts'
import { useLostOnLeaving } from '../../session/leaving.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { VisuallyHidden } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { SaveBar } from '../../ui/save-bar.tsx'
import { useToast } from '../../ui/toast.tsx'
import { useUserChange } from '../users/use-user-act.ts'
import type { GroupOrder } from './use-group-order.ts'

const save = (groupIds: readonly string[], before: readonly string[]) =>
  answerOf(api.PUT('/api/v1/groups/order', { body: { groupIds: [...groupIds], before: [...before] } }))

interface GroupOrderBarProps {
  readonly order: GroupOrder
  /** Shows the stored order again. */
  readonly onDiscard: () => void
}

/** Saves an order of groups that was changed; says aloud where a group is now. */
export function GroupOrderBar({ order, onDiscard }: GroupOrderBarProps): JSX.Element {
  const t = useTranslations('people.groups')
  const [isOpen, setOpen] = useState(false)
  const { last, isChanged, isStale } = order
  useLostOnLeaving('changes', isChanged)
  return (
    <>
      <VisuallyHidden>
        <span role="status">{last === undefined ? '' : t('movedTo', last)}</span>
      </VisuallyHidden>
      {isChanged ? (
        <SaveBar status={t('orderChanged')} notice={isStale ? <StaleOrder onLoad={onDiscard} /> : null}>
          {isStale ? null : <Button onClick={onDiscard}>{t('discardOrder')}</Button>}
          <Button
            variant="primary"
            disabled={isStale}
            onClick={() => {
              setOpen(true)
            }}
          >
            {t('saveOrder')}
          </Button>
        </SaveBar>
      ) : null}
      {isOpen ? (
        <SaveOrder
          order={order}
          onClose={() => {
            setOpen(false)
          }}
        />
      ) : null}
    </>
  )
}

function StaleOrder({ onLoad }: { readonly onLoad: () => void }): JSX.Element {
  const t = useTranslations('people.groups')
  return (
    <Notice
      tone="warning"
      title={t('staleOrder')}
      actions={
        <Button size="small" onClick={onLoad}>
          {t('loadOrder')}
        </Button>
      }
    >
      {t('staleOrderHint')}
    </Notice>
  )
}

function SaveOrder({ order, onClose }: { readonly order: GroupOrder; readonly onClose: () => void }): JSX.Element {
  const t = useTranslations('people.groups')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const queries = useQueryClient()
  const change = useUserChange()
  const say = useToast()
  const saveOrder = async (): Promise<void> => {
    const { before } = order
    const wanted = order.groups?.map(({ groupId }) => groupId) ?? []
    try {
      await change(() => save(wanted, before))
    } catch (error) {
      await queries.invalidateQueries({ queryKey: ['groups'] })
      // With the order that is stored now, the bar says so.
      if (isRefusal(error, 'changed-meanwhile')) return
      throw error
    }
    order.discard()
    say(t('orderSaved'), {
      label: common('undo'),
      act: () => {
        change(() => save(before, wanted)).catch((error: unknown) => {
          say(problemText(error))
        })
      },
    })
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('saveOrderTitle')}
      undo={t('saveOrderUndo')}
      confirm={t('saveOrder')}
      onConfirm={saveOrder}
    >
      <p>{t('orderChangedHint')}</p>
      <p>{t('saveOrderWhat')}</p>
    </ConfirmDialog>
  )
}
