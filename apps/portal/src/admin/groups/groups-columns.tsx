import { Link } from '@tanstack/react-router'
import { ArrowDown, ArrowUp } from 'lucide-react'
import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { Button } from '../../ui/button.tsx'
import { Muted, Row } from '../../ui/layout.tsx'
import type { Column } from '../../ui/table.tsx'
import { TwoLines } from '../../ui/two-lines.tsx'
import type { Group } from '../users/people.ts'
import type { GroupOrder } from './use-group-order.ts'

/** Gives the columns of the list of groups. */
export function useGroupColumns(order: GroupOrder, mayOrder: boolean): Column<Group>[] {
  const t = useTranslations('people.groups')
  const format = useFormatter()
  const placeOf = ({ groupId }: Group): number =>
    (order.groups?.findIndex((group) => group.groupId === groupId) ?? 0) + 1
  return [
    {
      header: t('group'),
      cell: ({ groupId, name }) => (
        <Link to="/admin/groups/$groupId" params={{ groupId }}>
          {name}
        </Link>
      ),
    },
    { header: t('members'), align: 'end', cell: ({ members }) => format.number(members) },
    { header: t('rules'), cell: (group) => <RuleCount group={group} /> },
    ...(mayOrder
      ? [
          {
            header: t('order'),
            cell: (group: Group) => <MoveButtons group={group} place={placeOf(group)} order={order} />,
          },
        ]
      : []),
  ]
}

function RuleCount({ group }: { readonly group: Group }): JSX.Element {
  const t = useTranslations('people.groups')
  const count = Object.keys(group.policy).length
  if (count === 0) return <Muted>{t('noRules')}</Muted>
  return (
    <TwoLines>
      <Link to="/admin/policy" search={{ group: group.groupId }}>
        {t('ruleCount', { count })}
      </Link>
    </TwoLines>
  )
}

interface MoveButtonsProps {
  readonly group: Group
  readonly place: number
  readonly order: GroupOrder
}

function MoveButtons({ group, place, order }: MoveButtonsProps): JSX.Element {
  const t = useTranslations('people.groups')
  const { groupId, name } = group
  const count = order.groups?.length ?? 0
  const move = (by: -1 | 1): void => {
    order.move(groupId, by)
    const isAtEnd = place + by === 1 || place + by === count
    // A row that is put elsewhere in the page loses the focus, and so does a button that is of no more use.
    requestAnimationFrame(() => {
      document.getElementById(buttonId(groupId, isAtEnd ? opposite(by) : by))?.focus()
    })
  }
  return (
    <Row>
      <span>{place}</span>
      <Button
        id={buttonId(groupId, -1)}
        size="small"
        label={t('moveUp', { name })}
        icon={<ArrowUp size={16} aria-hidden="true" />}
        disabled={place === 1}
        onClick={() => {
          move(-1)
        }}
      />
      <Button
        id={buttonId(groupId, 1)}
        size="small"
        label={t('moveDown', { name })}
        icon={<ArrowDown size={16} aria-hidden="true" />}
        disabled={place === count}
        onClick={() => {
          move(1)
        }}
      />
    </Row>
  )
}

function opposite(by: -1 | 1): -1 | 1 {
  return by === 1 ? -1 : 1
}

function buttonId(groupId: string, by: -1 | 1): string {
  return `move-${by === -1 ? 'up' : 'down'}-${groupId}`
}
