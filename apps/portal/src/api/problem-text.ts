import { ApiRefusedError, ApiUnreachableError } from '@sallyport/api-client'
import { useMessages, useTranslations } from 'use-intl'

import type { Messages } from '../messages/catalogue.ts'
import { LostPartError } from './lazy-part.ts'
import { parametersOf } from './problem-parameters.ts'

/** Tells whether a call was refused with one of these codes. */
export function isRefusal(problem: unknown, ...codes: readonly string[]): problem is ApiRefusedError {
  return problem instanceof ApiRefusedError && codes.includes(problem.code)
}

/**
 * Gives the function that says a problem in words: those of the catalogue for codes that it knows, else the service's
 * own, which are English.
 */
export function useProblemText(): (problem: unknown) => string {
  const t = useTranslations('problems')
  const { problems } = useMessages()
  return (problem) => {
    if (problem instanceof ApiUnreachableError || problem instanceof LostPartError) return t('unreachable')
    if (!(problem instanceof ApiRefusedError)) return t('unknown')
    const { code, message, parameters } = problem
    // Some codes have texts of their own for what the reason says.
    const known = [`${code}:${String(parameters['reason'])}`, code].find((key) => isKnown(key, problems))
    return known === undefined ? message : t(known, parametersOf(problem))
  }
}

function isKnown(code: string, problems: Messages['problems']): code is keyof Messages['problems'] {
  return Object.hasOwn(problems, code)
}
