import { present, textIn } from '../../api/search-params.ts'

/** What a list with nothing but a search shows. */
export interface TextSearch {
  readonly search?: string
}

/** Reads it from the address of the page. */
export function readTextSearch(raw: Readonly<Record<string, unknown>>): TextSearch {
  return present({ search: textIn(raw, 'search') })
}
