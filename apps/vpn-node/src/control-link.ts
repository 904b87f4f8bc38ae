import { type AnswerSchema, type ApiClient, noContent } from '@sallyport/cluster-identity'
import {
  type AuthoriseRequest,
  type AuthoriseResponse,
  authoriseResponse,
  type ConnectionReport,
  type HandshakeKeys,
  handshakeKeys,
  type HeardOrder,
  heardOrder,
  type NodeStatus,
  type ServerCertificateResponse,
  serverCertificateResponse,
  type SessionEndsResponse,
  sessionEndsResponse,
  type SyncResponse,
  syncResponse,
  type TenantList,
  tenantList,
  type TrafficReport,
} from '@sallyport/contracts'

/** Authorising waits for argon2 and the database; a client waits longer than this. */
const AUTHORISE_TIMEOUT_MS = 10_000
const CALL_TIMEOUT_MS = 5_000
/** Two missed heartbeats of 10 s: the stream is dead. */
const ORDER_SILENCE_MS = 25_000

/** The node's view of `node-api`. Every call throws `ServiceUnavailableError` when auth-service cannot answer. */
export class ControlLink {
  readonly #client: ApiClient

  constructor(client: ApiClient) {
    this.#client = client
  }

  authorise(request: AuthoriseRequest, signal: AbortSignal): Promise<AuthoriseResponse> {
    return this.#post('connections/authorise', request, authoriseResponse, signal, AUTHORISE_TIMEOUT_MS)
  }

  /** At most `MAX_REPORTS`. */
  async report(reports: readonly ConnectionReport[], signal: AbortSignal): Promise<void> {
    await this.#post('connections/reports', { reports }, noContent, signal)
  }

  sync(connectionIds: readonly string[], signal: AbortSignal): Promise<SyncResponse> {
    return this.#post('connections/sync', { connectionIds }, syncResponse, signal)
  }

  /** An auth-service that is older than this call refuses it. */
  async status(status: NodeStatus, signal: AbortSignal): Promise<void> {
    await this.#post('status', status, noContent, signal)
  }

  /** At most `MAX_REPORTS`; an auth-service that is older than this call refuses it. */
  async traffic(connections: TrafficReport['connections'], signal: AbortSignal): Promise<void> {
    await this.#post('connections/traffic', { connections }, noContent, signal)
  }

  /** At most `MAX_SESSION_ENDS`; an auth-service that is older than this call refuses it. */
  sessionEnds(connectionIds: readonly string[], signal: AbortSignal): Promise<SessionEndsResponse> {
    return this.#post('connections/session-ends', { connectionIds }, sessionEndsResponse, signal)
  }

  tenants(signal: AbortSignal): Promise<TenantList> {
    return this.#get('tenants', tenantList, signal)
  }

  handshakeKeys(signal: AbortSignal): Promise<HandshakeKeys> {
    return this.#get('handshake-keys', handshakeKeys, signal)
  }

  serverCertificate(tenantId: string, csr: string, signal: AbortSignal): Promise<ServerCertificateResponse> {
    return this.#post(`tenants/${tenantId}/server-certificate`, { csr }, serverCertificateResponse, signal)
  }

  /** The stream of orders; ends or throws when the connection does. */
  orders(signal: AbortSignal): AsyncIterable<HeardOrder> {
    return this.#client.stream({ path: '/node-api/v1/orders', schema: heardOrder, signal, idleMs: ORDER_SILENCE_MS })
  }

  #get<Response>(path: string, response: AnswerSchema<Response>, signal: AbortSignal): Promise<Response> {
    return this.#client.call({
      method: 'GET',
      path: `/node-api/v1/${path}`,
      response,
      signal,
      timeoutMs: CALL_TIMEOUT_MS,
    })
  }

  #post<Response>(
    path: string,
    body: unknown,
    response: AnswerSchema<Response>,
    signal: AbortSignal,
    timeoutMs = CALL_TIMEOUT_MS,
  ): Promise<Response> {
    return this.#client.call({ method: 'POST', path: `/node-api/v1/${path}`, body, response, signal, timeoutMs })
  }
}
