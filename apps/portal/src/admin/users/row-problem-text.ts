import { useMessages, useTranslations } from 'use-intl'

import type { Messages } from '../../messages/catalogue.ts'
import type { ImportReport } from './use-user-import.ts'

type RowProblem = ImportReport['problems'][number]
type RowProblems = Messages['people']['import']['rowProblems']

/** Gives the function that says what is wrong with a row: in the service's English words where there are no others. */
export function useRowProblemText(): (row: RowProblem) => string {
  const t = useTranslations('people.import.rowProblems')
  const { rowProblems } = useMessages().people.import
  return ({ code, parameters = {}, problem }) => (isKnown(code, rowProblems) ? t(code, parameters) : problem)
}

/** The service may be newer than the page. */
function isKnown(code: string, known: RowProblems): code is keyof RowProblems {
  return Object.hasOwn(known, code)
}
