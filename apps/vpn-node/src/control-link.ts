import { type AnswerSchema, type ApiClient, noContent } from '@sallyport/cluster-identity'
import {
  type AuthoriseRequest,
  type AuthoriseResponse,
  authoriseResponse,
  type EndedReport,
  type EstablishedReport,
  type NodeOrder,
  nodeOrder,
  type ServerCertificateResponse,
  serverCertificateResponse,
  type SyncResponse,
  syncResponse,
  type TenantList,
  tenantList,
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

  async reportEstablished(connectionId: string, report: EstablishedReport, signal: AbortSignal): Promise<void> {
    await this.#post(`connections/${connectionId}/established`, report, noContent, signal)
  }

  async reportEnded(connectionId: string, report: EndedReport, signal: AbortSignal): Promise<void> {
    await this.#post(`connections/${connectionId}/ended`, report, noContent, signal)
  }

  sync(connectionIds: readonly string[], signal: AbortSignal): Promise<SyncResponse> {
    return this.#post('connections/sync', { connectionIds }, syncResponse, signal)
  }

  tenants(signal: AbortSignal): Promise<TenantList> {
    return this.#client.call({
      method: 'GET',
      path: '/node-api/v1/tenants',
      response: tenantList,
      signal,
      timeoutMs: CALL_TIMEOUT_MS,
    })
  }

  serverCertificate(tenantId: string, csr: string, signal: AbortSignal): Promise<ServerCertificateResponse> {
    return this.#post(`tenants/${tenantId}/server-certificate`, { csr }, serverCertificateResponse, signal)
  }

  /** The stream of orders; ends or throws when the connection does. */
  orders(signal: AbortSignal): AsyncIterable<NodeOrder> {
    return this.#client.stream({ path: '/node-api/v1/orders', schema: nodeOrder, signal, idleMs: ORDER_SILENCE_MS })
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
