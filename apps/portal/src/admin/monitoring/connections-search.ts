import { choiceIn, present, textIn } from '../../api/search-params.ts'

/** What the list of connections shows; without a state those that are live. */
export interface ConnectionsSearch {
  readonly search?: string
  readonly state?: 'ended' | 'all'
  readonly userId?: string
  readonly networkId?: string
  readonly node?: string
}

/** Reads what is to be shown from the address of the page. */
export function readConnectionsSearch(raw: Readonly<Record<string, unknown>>): ConnectionsSearch {
  return present({
    search: textIn(raw, 'search'),
    state: choiceIn(raw, 'state', ['ended', 'all']),
    userId: textIn(raw, 'userId'),
    networkId: textIn(raw, 'networkId'),
    node: textIn(raw, 'node'),
  })
}

/** The same as the service is asked for it. */
export function connectionsQueryOf({ state, ...search }: ConnectionsSearch): Omit<ConnectionsSearch, 'state'> & {
  readonly state?: 'live' | 'ended'
} {
  return present({ ...search, state: state === 'all' ? undefined : (state ?? 'live') })
}
