import { Link } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { Muted } from '../../ui/layout.tsx'
import type { Column } from '../../ui/table.tsx'
import { TwoLines } from '../../ui/two-lines.tsx'
import type { Group } from '../users/people.ts'
import { GroupPlace } from './group-place.tsx'
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
            cell: (group: Group) => <GroupPlace group={group} place={placeOf(group)} order={order} />,
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
