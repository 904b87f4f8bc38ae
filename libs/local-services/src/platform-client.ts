import type { Secret } from '@sallyport/foundation'

import { ApiClient, type ApiMethod, fieldOf, requiredText, textField } from './api-client.ts'

/** A tenant with the password that its first administrator must change. */
export interface NewTenant {
  readonly tenantId: string
  readonly administrator: { readonly username: string; readonly oneTimePassword: string }
}

/** The operator's part of the public API. */
export class PlatformClient {
  readonly #api: ApiClient

  constructor(serverUrl: string, operatorToken: Secret<string>) {
    this.#api = new ApiClient(serverUrl, operatorToken)
  }

  async createJoinToken(role: 'vpn-node' | 'ip-allocator', name: string): Promise<string> {
    return requiredText(await this.#api.call('POST', '/platform/join-tokens', { role, name }), 'joinToken')
  }

  /** Makes a tenant whose networks may be in these network namespaces; `host` is the node's own. */
  async createTenant(
    slug: string,
    name: string,
    administrator: string,
    namespaces: readonly string[],
  ): Promise<NewTenant> {
    const tenant = await this.#api.call('POST', '/platform/tenants', {
      slug,
      name,
      administrator: { username: administrator },
      namespaces,
    })
    const created = fieldOf(tenant, 'administrator')
    return {
      tenantId: requiredText(tenant, 'tenantId'),
      administrator: {
        username: requiredText(created, 'username'),
        oneTimePassword: requiredText(created, 'oneTimePassword'),
      },
    }
  }

  /** All tenants. */
  async tenants(): Promise<readonly { readonly tenantId: string; readonly slug: string }[]> {
    const tenants: { tenantId: string; slug: string }[] = []
    let after: string | undefined = ''
    while (after !== undefined) {
      const cursor: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`
      const page = await this.#api.call('GET', `/platform/tenants?limit=200${cursor}`)
      const items = fieldOf(page, 'items')
      for (const item of Array.isArray(items) ? items : []) {
        tenants.push({ tenantId: requiredText(item, 'tenantId'), slug: requiredText(item, 'slug') })
      }
      after = textField(page, 'next')
    }
    return tenants
  }

  /** Any other operator call. */
  async call(method: ApiMethod, path: string, body?: unknown): Promise<unknown> {
    return this.#api.call(method, path, body)
  }
}
