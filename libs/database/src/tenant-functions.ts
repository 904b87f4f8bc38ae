import type { Secret } from '@sallyport/foundation'
import pg from 'pg'

import type { Device, Network, Tenant, User } from './generated/client.ts'
import { StoredRow } from './stored-row.ts'

const MAX_CONNECTIONS = 8

/** What an attempt to connect is judged by, as it is stored. */
export interface AuthorisationRows {
  readonly device: Device
  readonly user: User
  readonly network: Network
  readonly tenant: Tenant
  readonly authorityState: string
  /** JSON of the tenant's policy, if it has one. */
  readonly policy: string | null
  /** Ids of the user's groups with the JSON of their policies, the one that decides first at the beginning. */
  readonly groupPolicies: readonly (readonly [id: string, policy: string])[]
  readonly hasPasskey: boolean
  readonly hasRecoveryCode: boolean
  /** When the connection that was asked for was allowed. */
  readonly connectionStartedAt: Date | null
  /** When its login began, and the session id of its tokens; `null` also where neither was noted. */
  readonly loginStartedAt: Date | null
  readonly loginId: string | null
}

/** A device that is asked about, and the connection of it that goes on. */
export interface AskedDevice {
  readonly deviceId: string
  readonly connectionId: string | null
}

/** An allowed connection as the database's function `note_connections` reads it; names are those of columns. */
export interface NotedConnection {
  readonly device_id: string
  readonly certificate_sha256: string
  readonly token_generation: number
  readonly control_key: string
  /** Whether it exists, and is renegotiated. */
  readonly goes_on: boolean
  readonly id: string
  readonly service_id: string
  readonly user_id?: string
  readonly network_id?: string
  readonly transport?: string
  readonly remote_address?: string
  readonly remote_port?: number
  readonly at: Date
  readonly login_id: string
  readonly login_started_at: Date
  readonly ends_at: Date
  /** Of how many devices the user may be connected at once. */
  readonly connection_limit: number | null
  readonly factor_method?: string
  readonly factor_address?: string
  readonly factor_country?: string | null
  readonly actor: string
  readonly action: string
  readonly target: string | null
  readonly outcome: string
  /** Whom the line in the audit log is about. */
  readonly about: string | null
  readonly details: string | null
}

/**
 * Functions in the database for what is asked thousands of times a second: many questions of one tenant in one statement
 * and one transaction. They name the tenant to row-level security themselves, for this transaction only.
 */
export class TenantFunctions implements AsyncDisposable {
  readonly #pool: pg.Pool

  constructor(url: Secret<string>, waitMs: number, onConnectionError: (error: Error) => void) {
    this.#pool = new pg.Pool({
      connectionString: url.reveal(),
      max: MAX_CONNECTIONS,
      connectionTimeoutMillis: waitMs,
      statement_timeout: waitMs,
      query_timeout: waitMs,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
    })
    this.#pool.on('error', onConnectionError)
  }

  /** Gives what is stored about each device, in the same order; `undefined` for those that the tenant has not. */
  async authorisationFacts(
    tenantId: string,
    asked: readonly AskedDevice[],
  ): Promise<(AuthorisationRows | undefined)[]> {
    const { rows } = await this.#pool.query<[FactsJson | null]>({
      name: 'authorisation-facts',
      text: 'SELECT authorisation_facts($1, $2, $3)',
      values: [tenantId, asked.map(({ deviceId }) => deviceId), asked.map(({ connectionId }) => connectionId)],
      rowMode: 'array',
    })
    return rows.map(([facts]) => (facts === null ? undefined : rowsOf(facts)))
  }

  /**
   * Notes allowed connections, each with its line in the audit log; false for those that are not allowed any more. Only
   * with `waits` is every answer final: else it is null for those whose rows somebody else has locked or changed.
   */
  async noteConnections(
    tenantId: string,
    connections: readonly NotedConnection[],
    waits: boolean,
  ): Promise<(boolean | null)[]> {
    const { rows } = await this.#pool.query<[(boolean | null)[]]>({
      name: 'note-connections',
      text: 'SELECT note_connections($1, $2, $3)',
      values: [tenantId, JSON.stringify(connections), waits],
      rowMode: 'array',
    })
    return rows[0]?.[0] ?? []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end()
  }
}

type FactsJson = Omit<
  AuthorisationRows,
  'device' | 'user' | 'network' | 'tenant' | 'connectionStartedAt' | 'loginStartedAt'
> &
  Readonly<Record<'device' | 'user' | 'network' | 'tenant', object>> &
  Readonly<Record<'connectionStartedAt' | 'loginStartedAt', string | null>>

function rowsOf({ device, user, network, tenant, ...facts }: FactsJson): AuthorisationRows {
  return {
    ...facts,
    device: StoredRow.device.read(device),
    user: StoredRow.user.read(user),
    network: StoredRow.network.read(network),
    tenant: StoredRow.tenant.read(tenant),
    connectionStartedAt: dateOf(facts.connectionStartedAt),
    loginStartedAt: dateOf(facts.loginStartedAt),
  }
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}
