import { Plus } from 'lucide-react'
import { type JSX, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'

import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Card, Muted, Skeleton, Stack } from '../../ui/layout.tsx'
import { UserPicker } from '../users/user-picker.tsx'
import { ExampleUser } from './example-user.tsx'
import { type PolicyScope, supposed } from './policy-scope.ts'
import { type Example, useExamples } from './use-examples.ts'
import type { PolicyEditor } from './use-policy-editor.ts'
import type { Preview } from './use-preview.ts'

const TYPING_PAUSE_MS = 400
/** About as high as three examples. */
const SKELETON_LINES = 24

interface PolicyPreviewProps {
  readonly scope: PolicyScope
  readonly editor: PolicyEditor
  readonly preview: Preview
  /** Nothing is asked for now: the rules are being saved. */
  readonly isHeld: boolean
}

/** Shows what would happen to some users with the rules as they stand in the form, beside what holds today. */
export function PolicyPreview({ scope, editor, preview, isHeld }: PolicyPreviewProps): JSX.Element {
  const t = useTranslations('policy.preview')
  const { defaults, isLoading } = useExamples(scope)
  const examples = [...defaults, ...preview.added].filter(
    ({ user }, index, all) =>
      !preview.left.includes(user.userId) && all.findIndex((other) => other.user.userId === user.userId) === index,
  )
  const isChanged = editor.changes.length > 0
  const isValid = editor.problems.size === 0
  const rules = usePaused(isChanged && isValid ? supposed(scope, editor.rules, editor.own) : undefined)
  return (
    <Card title={t('title')} lead={t('lead')}>
      <Muted>
        <span role="status">{isValid ? (isChanged ? t('asInForm') : t('asToday')) : t('notValid')}</span>
      </Muted>
      {isLoading ? (
        <Skeleton lines={SKELETON_LINES} />
      ) : (
        <Stack>
          {examples.map((example) => (
            <ExampleUser
              key={example.user.userId}
              example={example}
              at={preview.at}
              terms={{ generation: preview.generation, isHeld, rules }}
              onRemove={() => {
                preview.remove(example.user.userId)
              }}
            />
          ))}
        </Stack>
      )}
      <AddExample onAdd={preview.add} />
    </Card>
  )
}

function AddExample({ onAdd }: { readonly onAdd: (example: Example) => void }): JSX.Element {
  const t = useTranslations('policy.preview')
  const [isOpen, setOpen] = useState(false)
  const close = (): void => {
    setOpen(false)
  }
  return (
    <div>
      <Button
        size="small"
        icon={<Plus size={16} aria-hidden="true" />}
        onClick={() => {
          setOpen(true)
        }}
      >
        {t('add')}
      </Button>
      {isOpen ? (
        <Dialog open onClose={close} title={t('add')}>
          <UserPicker
            choose={t('choose')}
            onChoose={(user) => {
              onAdd({ user, why: 'chosen' })
              close()
            }}
          />
        </Dialog>
      ) : null}
    </div>
  )
}

/** Gives a value once it has not changed for a moment. */
function usePaused<Value>(value: Value): Value {
  const text = JSON.stringify(value)
  const [paused, setPaused] = useState({ text, value })
  useEffect(() => {
    if (paused.text === text) return
    const timer = setTimeout(() => {
      setPaused({ text, value })
    }, TYPING_PAUSE_MS)
    return () => {
      clearTimeout(timer)
    }
  }, [paused.text, text, value])
  return paused.value
}
