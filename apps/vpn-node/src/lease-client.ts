import { type AnswerSchema, type ApiClient } from '@sallyport/cluster-identity'
import {
  type Lease,
  lease as leaseSchema,
  type LeaseRequest,
  type ReleaseRequest,
  type ReleaseResponse,
  releaseResponse,
  type RenewRequest,
  type RenewResponse,
  renewResponse,
} from '@sallyport/contracts'

const CALL_TIMEOUT_MS = 5_000

/** The node's view of the ip-allocator. Throws `ServiceUnavailableError` or `ServiceRefusedError` (`pool-full`, …). */
export class LeaseClient {
  readonly #client: ApiClient

  constructor(client: ApiClient) {
    this.#client = client
  }

  lease(networkId: string, request: LeaseRequest, signal: AbortSignal): Promise<Lease> {
    return this.#post(`pools/${networkId}/leases`, request, leaseSchema, signal)
  }

  renew(leases: RenewRequest['leases'], signal: AbortSignal): Promise<RenewResponse> {
    return this.#post('leases/renew', { leases }, renewResponse, signal)
  }

  release(leases: ReleaseRequest['leases'], signal: AbortSignal): Promise<ReleaseResponse> {
    return this.#post('leases/release', { leases }, releaseResponse, signal)
  }

  #post<Response>(
    path: string,
    body: unknown,
    response: AnswerSchema<Response>,
    signal: AbortSignal,
  ): Promise<Response> {
    return this.#client.call({
      method: 'POST',
      path: `/allocator/v1/${path}`,
      body,
      response,
      signal,
      timeoutMs: CALL_TIMEOUT_MS,
    })
  }
}
