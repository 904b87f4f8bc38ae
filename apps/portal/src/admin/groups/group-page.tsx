import { getRouteApi } from '@tanstack/react-router'
import { Pencil, Trash2 } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { useMe } from '../../session/me.ts'
import { Button, LinkButton } from '../../ui/button.tsx'
import { Card, Muted, Page, Skeleton } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { RuleTable } from '../policy/rule-table.tsx'
import { RULE_NAMES } from '../policy/rules.ts'
import { type Group, useGroup } from '../users/people.ts'
import { GroupDelete } from './group-delete.tsx'
import { GroupMembers } from './group-members.tsx'
import { GroupNameDialog } from './group-name-dialog.tsx'

const route = getRouteApi('/signed-in/administration/admin/groups/$groupId')

/** Shows a group: who is in it, and what its rules differ by. */
export function GroupPage(): JSX.Element {
  const t = useTranslations('people.groups')
  const problemText = useProblemText()
  const { permissions } = useMe()
  const { groupId } = route.useParams()
  const { search } = route.useSearch()
  const navigate = route.useNavigate()
  const { data: group, error } = useGroup(groupId)
  if (group === undefined) {
    return (
      <Page title={t('group')}>
        {error === null ? <Skeleton lines={12} /> : <Notice tone="danger">{problemText(error)}</Notice>}
      </Page>
    )
  }
  const mayWrite = permissions.includes('groups.write')
  return (
    <Page
      title={group.name}
      lead={t('pageLead', { count: group.members })}
      actions={mayWrite ? <GroupActs group={group} /> : undefined}
    >
      {permissions.includes('policy.read') ? <GroupRules group={group} /> : null}
      <GroupMembers
        group={group}
        mayWrite={mayWrite}
        search={search}
        onSearch={(text) => void navigate({ search: text === '' ? {} : { search: text }, replace: true })}
      />
    </Page>
  )
}

function GroupActs({ group }: { readonly group: Group }): JSX.Element {
  const t = useTranslations('people.groups')
  const [open, setOpen] = useState<'rename' | 'delete'>()
  const close = (): void => {
    setOpen(undefined)
  }
  return (
    <>
      <Button
        icon={<Pencil size={18} aria-hidden="true" />}
        onClick={() => {
          setOpen('rename')
        }}
      >
        {t('rename')}
      </Button>
      <Button
        icon={<Trash2 size={18} aria-hidden="true" />}
        onClick={() => {
          setOpen('delete')
        }}
      >
        {t('delete.button')}
      </Button>
      {open === 'rename' ? <GroupNameDialog group={group} onClose={close} /> : null}
      {open === 'delete' ? <GroupDelete group={group} onClose={close} /> : null}
    </>
  )
}

function GroupRules({ group }: { readonly group: Group }): JSX.Element {
  const t = useTranslations('people.groups')
  const { permissions } = useMe()
  const stated = RULE_NAMES.filter((name) => group.policy[name] !== undefined)
  return (
    <Card
      title={t('policyTitle')}
      lead={t('policyLead')}
      actions={
        <LinkButton size="small" to="/admin/policy" search={{ group: group.groupId }}>
          {permissions.includes('policy.write') ? t('editRules') : t('showRules')}
        </LinkButton>
      }
    >
      {stated.length === 0 ? (
        <Muted>{t('noRulesStated')}</Muted>
      ) : (
        <RuleTable caption={t('policyTitle')} rules={group.policy} only={stated} />
      )}
    </Card>
  )
}
