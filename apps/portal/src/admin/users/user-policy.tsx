import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { Card, Muted, Skeleton } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { RuleTable } from '../policy/rule-table.tsx'
import { RULE_NAMES, type RuleName, rulesOf } from '../policy/rules.ts'
import { userPolicyQuery } from './user-queries.ts'

/** Shows which rules hold for a user, and who decided each. */
export function UserPolicy({ userId }: { readonly userId: string }): JSX.Element {
  const t = useTranslations('people.policy')
  const problemText = useProblemText()
  const { data, error } = useQuery(userPolicyQuery(userId))
  const sourceOf = (name: RuleName): JSX.Element => {
    const source = data?.sources[name]
    if (source === undefined || source === 'tenant') return <Muted>{t('tenant')}</Muted>
    return (
      <Link to="/admin/policy" search={{ group: source.groupId }}>
        {source.name}
      </Link>
    )
  }
  return (
    <Card title={t('title')} lead={t('lead')}>
      {error === null ? null : <Notice tone="danger">{problemText(error)}</Notice>}
      {data === undefined && error === null ? <Skeleton lines={RULE_NAMES.length} /> : null}
      {data === undefined ? null : (
        <RuleTable caption={t('title')} rules={rulesOf(data.policy)} note={{ header: t('decidedBy'), of: sourceOf }} />
      )}
    </Card>
  )
}
