import { parseCertificateRequest, type RequestedKey } from '@sallyport/certificate-authority'
import { createKeyAndRequest } from '@sallyport/cluster-identity'
import type { Secret } from '@sallyport/foundation'

import { ApiProblem } from '../http/api-problem.ts'

/** Where a device's key comes from: a request of the client, or the service. */
export interface KeyWish {
  readonly csr?: string | undefined
}

/** A device's public key; the private one as well when it was made here. */
export interface DeviceKey {
  readonly publicKey: RequestedKey
  readonly privateKeyPem: Secret<string> | undefined
  /** As the audit log names it. */
  readonly source: 'csr' | 'server-made'
}

/** Takes the key of a certificate request, or makes one; throws the 400 that says what is wrong with the request. */
export async function deviceKeyOf({ csr }: KeyWish): Promise<DeviceKey> {
  if (csr !== undefined) return { publicKey: await keyOf(csr), privateKeyPem: undefined, source: 'csr' }
  const { csrPem, privateKeyPem } = await createKeyAndRequest('sallyport-device')
  return { publicKey: await keyOf(csrPem), privateKeyPem, source: 'server-made' }
}

async function keyOf(csr: string): Promise<RequestedKey> {
  const parsed = await parseCertificateRequest(csr)
  if (parsed.result === 'accepted') return parsed.publicKey
  throw new ApiProblem(400, 'bad-csr', parsed.message)
}
