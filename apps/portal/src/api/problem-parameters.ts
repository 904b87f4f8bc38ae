import type { ApiRefusedError } from '@sallyport/api-client'

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/

/** What a text of the catalogue may name: dates as dates, and how long to wait in minutes, 0 when that is not said. */
export function parametersOf({
  parameters,
  retryAfterSeconds = 0,
}: Pick<ApiRefusedError, 'parameters' | 'retryAfterSeconds'>): Record<string, string | number | Date> {
  const named = Object.entries(parameters).map(([name, value]): [string, string | number | Date] => [
    name,
    typeof value === 'string' && DATE_TIME.test(value) ? new Date(value) : value,
  ])
  return { ...Object.fromEntries(named), waitMinutes: Math.ceil(retryAfterSeconds / 60) }
}
