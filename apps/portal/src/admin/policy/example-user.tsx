import { answerOf } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { CircleCheck, CircleHelp, CircleX, X } from 'lucide-react'
import { type JSX, useId } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { useProblemText } from '../../api/problem-text.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { classNames } from '../../ui/class-names.ts'
import { Muted, Skeleton } from '../../ui/layout.tsx'
import styles from './example-user.module.css'
import { isSameOutcome, type Outcome, outcomeOf } from './outcome.ts'
import { useOutcomeText } from './outcome-text.ts'
import type { supposed } from './policy-scope.ts'
import { type Attempt, type Scenario, scenariosOf } from './scenarios.ts'
import type { Example } from './use-examples.ts'

/** Under which rules it is asked what would happen. */
interface Terms {
  /** Of the stored rules. */
  readonly generation: number
  /** Absent while the form has what is stored. */
  readonly rules: ReturnType<typeof supposed> | undefined
  /** Nothing is asked for now. */
  readonly isHeld: boolean
}

interface ExampleUserProps {
  readonly example: Example
  /** The time at which everything is supposed to happen. */
  readonly at: string
  readonly terms: Terms
  readonly onRemove: () => void
}

/** Shows what would happen to one user, in the situations that they can be in. */
export function ExampleUser({ example, at, terms, onRemove }: ExampleUserProps): JSX.Element {
  const t = useTranslations('policy.preview')
  const id = useId()
  const { user, why } = example
  const query = { userId: user.userId, state: 'active', limit: 1 } as const
  const devices = useQuery({
    queryKey: ['devices', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/devices', { params: { query }, signal })),
  })
  const scenarios = scenariosOf({ factors: user.factors, deviceId: devices.data?.items[0]?.deviceId }, at)
  return (
    <section className={styles.example} aria-labelledby={id}>
      <div className={styles.head}>
        <h3 id={id}>
          {user.displayName === null ? user.username : t('name', { name: user.displayName, username: user.username })}
        </h3>
        <Muted>{t(`kinds.${why}`)}</Muted>
        <Button
          variant="quiet"
          size="small"
          label={t('remove', { name: user.username })}
          icon={<X size={16} aria-hidden="true" />}
          onClick={onRemove}
        />
      </div>
      <ul className={styles.scenarios}>
        {scenarios.map((scenario) => (
          <li key={scenario.name}>
            <ScenarioRow user={user} scenario={scenario} terms={terms} />
          </li>
        ))}
      </ul>
    </section>
  )
}

interface ScenarioRowProps {
  readonly user: Example['user']
  readonly scenario: Scenario
  readonly terms: Terms
}

function ScenarioRow({ user, scenario, terms }: ScenarioRowProps): JSX.Element {
  const t = useTranslations('policy.preview')
  const problemText = useProblemText()
  const today = useOutcome(user, scenario.attempt, { ...terms, rules: undefined })
  const then = useOutcome(user, scenario.attempt, terms)
  const error = today.error ?? then.error
  const isChanged =
    today.outcome !== undefined && then.outcome !== undefined && !isSameOutcome(today.outcome, then.outcome)
  return (
    <>
      <p className={styles.situation}>
        {t(`scenarios.${scenario.name}`)} {isChanged ? <Badge tone="warning">{t('differs')}</Badge> : null}
      </p>
      {error === null ? null : <Muted>{problemText(error)}</Muted>}
      {isChanged ? (
        <dl className={styles.compared}>
          <dt>{t('today')}</dt>
          <dd>
            <OutcomeText outcome={today.outcome} />
          </dd>
          <dt>{t('then')}</dt>
          <dd className={styles.then}>
            <OutcomeText outcome={then.outcome} />
          </dd>
        </dl>
      ) : error === null ? (
        <OutcomeText outcome={then.outcome} />
      ) : null}
    </>
  )
}

const ICONS = { denied: CircleX, asked: CircleHelp, allowed: CircleCheck } as const

function OutcomeText({ outcome }: { readonly outcome: Outcome | undefined }): JSX.Element {
  const outcomeText = useOutcomeText()
  if (outcome === undefined) return <Skeleton lines={2} />
  const Icon = ICONS[outcome.kind]
  return (
    <p className={classNames(styles.outcome, styles[outcome.kind])}>
      <Icon size={16} aria-hidden="true" />
      <span>{outcomeText(outcome)}</span>
    </p>
  )
}

/**
 * Asks what would happen, with rules in the place of the stored ones if they are given. The question is not one of a
 * topic: all that its answer hangs on is in its key, and the same is asked once only.
 */
function useOutcome(
  { userId, disabled, mustChangePassword, factors, groups }: Example['user'],
  attempt: Attempt,
  { generation, isHeld, rules }: Terms,
): { readonly outcome: Outcome | undefined; readonly error: Error | null } {
  const body = { userId, attempt, ...rules }
  const { data, error } = useQuery({
    queryKey: ['dry-run', generation, { disabled, mustChangePassword, factors, groups }, body],
    staleTime: Infinity,
    enabled: !isHeld,
    queryFn: ({ signal }) => answerOf(api.POST('/api/v1/policy/dry-run', { body, signal })),
    select: (run) => outcomeOf(run, attempt.where),
    placeholderData: keepPreviousData,
  })
  return { outcome: data, error }
}
