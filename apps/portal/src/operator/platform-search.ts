import { choiceIn, present, textIn } from '../api/search-params.ts'

type RawSearch = Readonly<Record<string, unknown>>

/** Which tenants are listed. */
export interface TenantsSearch {
  readonly search?: string
  readonly state?: 'active' | 'suspended'
}

/** Which services are listed; without a role the nodes. */
export interface NodesSearch {
  readonly search?: string
  readonly role?: 'ip-allocator' | 'all'
  readonly state?: 'active' | 'draining' | 'revoked'
}

/** Which address pools are listed. */
export interface PoolsSearch {
  readonly search?: string
}

/** Reads what the list of pools shows from the address of the page. */
export function readPoolsSearch(raw: RawSearch): PoolsSearch {
  return present({ search: textIn(raw, 'search') })
}

/** Reads what the list of tenants shows from the address of the page. */
export function readTenantsSearch(raw: RawSearch): TenantsSearch {
  return present({ search: textIn(raw, 'search'), state: choiceIn(raw, 'state', ['active', 'suspended']) })
}

/** Reads what the list of services shows from the address of the page. */
export function readNodesSearch(raw: RawSearch): NodesSearch {
  return present({
    search: textIn(raw, 'search'),
    role: choiceIn(raw, 'role', ['ip-allocator', 'all']),
    state: choiceIn(raw, 'state', ['active', 'draining', 'revoked']),
  })
}

/** The same as the service is asked for it. */
export function servicesQueryOf({ role, ...search }: NodesSearch): Omit<NodesSearch, 'role'> & {
  readonly role?: 'ip-allocator' | 'vpn-node'
} {
  return present({ ...search, role: role === 'all' ? undefined : (role ?? 'vpn-node') })
}
