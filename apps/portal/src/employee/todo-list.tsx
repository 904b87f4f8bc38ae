import { useQuery } from '@tanstack/react-query'
import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { useMe } from '../session/me.ts'
import { ownFactorsQuery } from '../session/own-factors.ts'
import { LinkButton } from '../ui/button.tsx'
import { useNowMs } from '../ui/clock.ts'
import { Card } from '../ui/layout.tsx'
import styles from './employee.module.css'
import type { Device } from './own-queries.ts'
import { type Todo, todosOf } from './todos.ts'

/** Lists what the reader should do, each with the way there; nothing when there is nothing. */
export function TodoList({ devices }: { readonly devices: readonly Device[] }): JSX.Element | null {
  const t = useTranslations('employee')
  const me = useMe()
  const nowMs = useNowMs()
  const { data: factors } = useQuery(ownFactorsQuery)
  const todos = todosOf(me, factors, devices, nowMs)
  if (todos.length === 0) return null
  return (
    <Card title={t('todo.title')}>
      <ul className={styles.list}>
        {todos.map((todo) => (
          <li key={`${todo.kind} ${'device' in todo ? todo.device.deviceId : ''}`}>
            <TodoEntry todo={todo} />
          </li>
        ))}
      </ul>
    </Card>
  )
}

function TodoEntry({ todo }: { readonly todo: Todo }): JSX.Element {
  const t = useTranslations('employee')
  const format = useFormatter()
  const date = (at: string): string => format.dateTime(new Date(at), { dateStyle: 'long' })
  if (todo.kind === 'factor') {
    return (
      <>
        <p className={styles.entry}>{t('todo.factor', { date: date(todo.before) })}</p>
        <LinkButton to="/security" size="small">
          {t('todo.factorDo')}
        </LinkButton>
      </>
    )
  }
  if (todo.kind === 'codes') {
    return (
      <>
        <p className={styles.entry}>{t('todo.codes', { left: todo.left })}</p>
        <LinkButton to="/security" size="small">
          {t('todo.codesDo')}
        </LinkButton>
      </>
    )
  }
  const { name, certificateNotAfter } = todo.device
  return (
    <>
      <p className={styles.entry}>{t(`todo.${todo.kind}`, { name, date: date(certificateNotAfter) })}</p>
      <LinkButton to="/devices" size="small">
        {t('todo.toDevices')}
      </LinkButton>
    </>
  )
}
