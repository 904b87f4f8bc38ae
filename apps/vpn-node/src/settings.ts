import { listenAddress, readConfig, secretText } from '@sallyport/config'
import { enrolRequest } from '@sallyport/contracts'
import { z } from 'zod'

import { dataThreads } from './data-threads.ts'
import { listenList } from './listen-list.ts'

const schema = z
  .object({
    NODE_LISTEN: listenList.prefault('udp:0.0.0.0:1194'),
    NODE_TCP_SHARE: listenAddress.optional(),
    NODE_DATA_THREADS: dataThreads.prefault('auto'),
    NODE_CIPHER_LIBRARY: z.enum(['auto', 'openssl', 'ipsec-mb']).default('auto'),
    SERVICE_NAME: enrolRequest.shape.name.describe('a name for this node: lower-case letters, digits and hyphens'),
    AUTH_NODE_API_URL: z
      .url({ protocol: /^https$/, message: 'must be an https URL, for example https://HOST:8443' })
      .describe("the auth-service's node-api, https://HOST:8443"),
    JOIN_TOKEN: secretText(16).optional(),
    IDENTITY_DIRECTORY: z.string().describe('a directory of its own in which the node keeps its certificate and key'),
    NODE_CAPTURE_DIRECTORY: z
      .string()
      .optional()
      .describe('a directory for the packet captures that administrators order; without it there are none'),
    METRICS_LISTEN: listenAddress.prefault('127.0.0.1:9100'),
    LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  })
  .refine(({ NODE_LISTEN, NODE_TCP_SHARE }) => NODE_TCP_SHARE === undefined || NODE_LISTEN.some(isTcp), {
    path: ['NODE_TCP_SHARE'],
    message: 'there is no port to share: NODE_LISTEN names no tcp:HOST:PORT',
  })
  .refine(({ NODE_LISTEN, NODE_TCP_SHARE }) => !NODE_LISTEN.some((listener) => isItself(listener, NODE_TCP_SHARE)), {
    path: ['NODE_TCP_SHARE'],
    message: 'is a port of this node itself: name the server that is to answer there',
  })

function isTcp({ transport }: { readonly transport: 'udp' | 'tcp' }): boolean {
  return transport === 'tcp'
}

/** Whoever shares a port with itself passes each client on to itself without end. */
function isItself(
  listener: z.infer<typeof listenList>[number],
  share: z.infer<typeof listenAddress> | undefined,
): boolean {
  if (!isTcp(listener) || share?.port !== listener.port) return false
  return share.host === listener.address || (isUnspecified(listener.address) && isLoopback(share.host))
}

function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1' || host === 'localhost'
}

export type NodeSettings = Readonly<z.infer<typeof schema>>

/** Reads the node's settings from the environment; throws `ConfigError` that names every problem. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): NodeSettings {
  return readConfig('vpn-node', schema, environment)
}
