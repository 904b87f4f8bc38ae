import { present, textIn } from '../../api/search-params.ts'

/** Which events the log shows. */
export interface AuditSearch {
  /** As it stands in the log, for example `user:<id>`. */
  readonly actor?: string
  /** How the action begins. */
  readonly action?: string
  readonly outcome?: string
  readonly userId?: string
  /** Times of ISO 8601, which belong to the span. */
  readonly from?: string
  readonly to?: string
}

/** Outcomes of the first step of two. */
const ASKED: readonly string[] = ['challenge-code', 'challenge-web', 'factor-required']
const MINUTE_MS = 60_000
const LOCAL_MINUTE_CHARACTERS = 16

/** Reads what is to be shown from the address of the page; a time that is none is left out. */
export function readAuditSearch(raw: Readonly<Record<string, unknown>>): AuditSearch {
  return present({
    actor: textIn(raw, 'actor'),
    action: textIn(raw, 'action'),
    outcome: textIn(raw, 'outcome'),
    userId: textIn(raw, 'userId'),
    from: timeOf(textIn(raw, 'from')),
    to: timeOf(textIn(raw, 'to')),
  })
}

/** Reads a field for a local date and time, or any other text that is a time, into ISO 8601. */
export function timeOf(text: string | undefined): string | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString()
}

/** Reads the field for the end of a span: the minute that it names belongs to the span. */
export function endOf(text: string): string | undefined {
  const start = timeOf(text)
  return start === undefined ? undefined : new Date(Date.parse(start) + MINUTE_MS - 1).toISOString()
}

/** Tells whether a span ends before it begins. */
export function isReversed({ from, to }: Pick<AuditSearch, 'from' | 'to'>): boolean {
  return from !== undefined && to !== undefined && Date.parse(to) < Date.parse(from)
}

/** Writes a time as a field for a local date and time has it; empty when there is none. */
export function localMinute(time: string | undefined): string {
  if (time === undefined) return ''
  const date = new Date(time)
  const local = new Date(date.getTime() - date.getTimezoneOffset() * MINUTE_MS)
  return local.toISOString().slice(0, LOCAL_MINUTE_CHARACTERS)
}

/** How an event came out, as its sentence tells it: a question for a second factor is no refusal. */
export function resultOf(outcome: string): 'ok' | 'asked' | 'refused' {
  if (outcome === 'ok') return 'ok'
  return ASKED.includes(outcome) ? 'asked' : 'refused'
}

/** Splits what the log names, for example `user:<id>`; a word alone is a kind without id. */
export function referenceOf(text: string): { readonly kind: string; readonly id: string } {
  const colon = text.indexOf(':')
  return colon === -1 ? { kind: text, id: '' } : { kind: text.slice(0, colon), id: text.slice(colon + 1) }
}
