import { useMessages, useTranslations } from 'use-intl'

import type { Messages } from '../messages/catalogue.ts'
import type { Attempt } from './own-queries.ts'

type Outcomes = Messages['employee']['outcomes']

/** Gives the function that says what became of an attempt and what to do, in words for whoever tried. */
export function useOutcomeText(): (attempt: Attempt) => string {
  const t = useTranslations('employee')
  const { outcomes } = useMessages().employee
  return ({ outcome, explanation }) => (isKnown(outcome, outcomes) ? t(`outcomes.${outcome}`) : explanation)
}

function isKnown(outcome: string, outcomes: Outcomes): outcome is keyof Outcomes {
  return Object.hasOwn(outcomes, outcome)
}
