import { type ApiClient, fieldOf } from '@sallyport/local-services'

/** Something of a list, as the API answers it. */
export type ListItem = Readonly<Record<string, unknown>>

/** Asks for a list and gives the items of its first page. */
export async function listItems(api: Pick<ApiClient, 'call'>, path: string): Promise<readonly ListItem[]> {
  const items = fieldOf(await api.call('GET', path), 'items')
  if (!Array.isArray(items)) throw new TypeError(`${path} answers no list`)
  return items.filter(isItem)
}

function isItem(value: unknown): value is ListItem {
  return typeof value === 'object' && value !== null
}
