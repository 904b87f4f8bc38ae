import { commaList, listenAddress, readConfig, secretText } from '@sallyport/config'
import { enrolRequest } from '@sallyport/contracts'
import { z } from 'zod'

const environment = z.object({
  ALLOCATOR_LISTEN: listenAddress.prefault('127.0.0.1:8444'),
  ALLOCATOR_HOSTS: z.string().default('localhost,127.0.0.1').transform(commaList),
  REDIS_URL: secretText(1).describe('the URL of Redis, for example redis://127.0.0.1:6379'),
  AUTH_NODE_API_URL: z
    .url({ protocol: /^https$/, message: 'must be the https URL of the node-api' })
    .default('https://127.0.0.1:8443'),
  JOIN_TOKEN: secretText(1).optional(),
  IDENTITY_DIRECTORY: z.string().describe('a directory of its own, in which the service keeps its certificate and key'),
  SERVICE_NAME: enrolRequest.shape.name.describe('a name for this instance: lower-case letters, digits and hyphens'),
  LEASE_SECONDS: z.coerce.number().int().min(3).max(86_400).default(120),
  METRICS_LISTEN: listenAddress.optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
})

/** The service's settings, by the names of their variables. */
export type AllocatorSettings = Readonly<z.infer<typeof environment>>

/** Reads and checks the settings; throws `ConfigError` that names every problem. */
export function readSettings(variables: Readonly<Record<string, string | undefined>>): AllocatorSettings {
  return readConfig('ip-allocator', environment, variables)
}
