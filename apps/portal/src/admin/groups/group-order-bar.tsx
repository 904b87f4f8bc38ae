import { answerOf } from '@sallyport/api-client'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { useProblemText } from '../../api/problem-text.ts'
import { useLostOnLeaving } from '../../session/leaving.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Row, VisuallyHidden } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { useUserChange } from '../users/use-user-act.ts'
import type { GroupOrder } from './use-group-order.ts'

const save = (groupIds: readonly string[]) =>
  answerOf(api.PUT('/api/v1/groups/order', { body: { groupIds: [...groupIds] } }))

/** Saves an order of groups that was changed; says aloud where a group is now. */
export function GroupOrderBar({ order }: { readonly order: GroupOrder }): JSX.Element {
  const t = useTranslations('people.groups')
  const [isOpen, setOpen] = useState(false)
  const { last, isChanged, discard } = order
  useLostOnLeaving('changes', isChanged)
  return (
    <>
      <VisuallyHidden>
        <span role="status">{last === undefined ? '' : t('movedTo', last)}</span>
      </VisuallyHidden>
      {isChanged ? (
        <Notice
          title={t('orderChanged')}
          actions={
            <Row>
              <Button
                size="small"
                variant="primary"
                onClick={() => {
                  setOpen(true)
                }}
              >
                {t('saveOrder')}
              </Button>
              <Button size="small" onClick={discard}>
                {t('discardOrder')}
              </Button>
            </Row>
          }
        >
          {t('orderChangedHint')}
        </Notice>
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

function SaveOrder({ order, onClose }: { readonly order: GroupOrder; readonly onClose: () => void }): JSX.Element {
  const t = useTranslations('people.groups')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const change = useUserChange()
  const say = useToast()
  const saveOrder = async (): Promise<void> => {
    const before = order.storedIds
    const wanted = order.groups?.map(({ groupId }) => groupId) ?? []
    await change(() => save(wanted))
    order.discard()
    say(t('orderSaved'), {
      label: common('undo'),
      act: () => {
        change(() => save(before)).catch((error: unknown) => {
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
      <p>{t('saveOrderWhat')}</p>
    </ConfirmDialog>
  )
}
