import { setTimeout as delay } from 'node:timers/promises'

import { serverTls } from '@sallyport/cluster-identity'
import { Database, DatabaseError, prepareDatabase } from '@sallyport/database'
import { type Clock, describeError, type Secret } from '@sallyport/foundation'
import { type Logger, Metrics, serveStatus } from '@sallyport/telemetry'

import { createPublicApi } from './http/public-api.ts'
import { NodeApiServer } from './node-api/node-api.server.ts'
import { ClusterSecrets } from './platform/cluster-secrets.ts'
import { openDataKey } from './platform/data-key.ts'
import { OwnIdentity } from './platform/own-identity.ts'
import { ListenError } from './runtime/listen-error.ts'
import { findProblem } from './runtime/readiness.ts'
import type { Settings } from './runtime/settings.ts'
import { SharedStore } from './runtime/shared-store.ts'

const DATABASE_PATIENCE_MS = 30_000
const DATABASE_RETRY_MS = 1000
const RENEWAL_CHECK_MS = 3600 * 1000

/** Starts everything that the service is made of; the result stops it in the reverse order. */
export async function startApplication(settings: Settings, log: Logger, clock: Clock): Promise<AsyncDisposable> {
  await using opened = new AsyncDisposableStack()
  const { serviceUrl, dataKey } = await openDatabase(settings, log, clock)
  const database = opened.use(
    new Database(serviceUrl, (error) => {
      log.warn({ reason: describeError(error) }, 'a database connection broke')
    }),
  )
  const store = opened.use(new SharedStore(settings.REDIS_URL, log))
  await store.settle()
  const metrics = new Metrics()
  const secrets = await ClusterSecrets.load(database, dataKey, clock.now())
  const identity = await OwnIdentity.create(secrets, settings.AUTH_NODE_API_HOSTS, clock)

  const api = await createPublicApi({ settings, log, clock, database, store, metrics, secrets, identity })
  opened.defer(() => api.close())
  const nodeApi = api.get(NodeApiServer).create()
  opened.defer(() => nodeApi.close())
  const renewal = setInterval(() => void renewIdentity(identity, nodeApi.server, log), RENEWAL_CHECK_MS)
  opened.defer(() => {
    clearInterval(renewal)
  })

  const { AUTH_LISTEN, AUTH_NODE_API_LISTEN, METRICS_LISTEN } = settings
  await listening('AUTH_LISTEN', AUTH_LISTEN, () => api.listen(AUTH_LISTEN.port, AUTH_LISTEN.host))
  await listening('AUTH_NODE_API_LISTEN', AUTH_NODE_API_LISTEN, () => nodeApi.listen(AUTH_NODE_API_LISTEN))
  if (METRICS_LISTEN !== undefined) {
    const status = { metrics, problem: () => findProblem(database, store) }
    opened.use(await listening('METRICS_LISTEN', METRICS_LISTEN, () => serveStatus(METRICS_LISTEN, status)))
  }
  return opened.move()
}

async function listening<Result>(
  variable: string,
  address: { host: string; port: number },
  open: () => Promise<Result>,
): Promise<Result> {
  try {
    return await open()
  } catch (error) {
    throw new ListenError(variable, address, error)
  }
}

/** Prepares the database, and waits for one that is only starting. */
async function openDatabase(
  settings: Settings,
  log: Logger,
  clock: Clock,
): Promise<{ serviceUrl: Secret<string>; dataKey: Secret<Uint8Array> }> {
  const deadlineMs = clock.now() + DATABASE_PATIENCE_MS
  for (;;) {
    try {
      const prepared = await prepareDatabase({
        ownerUrl: settings.DATABASE_URL.reveal(),
        openDataKey: (session) => openDataKey(session, settings.MASTER_KEY),
      })
      if (prepared.appliedMigrations.length > 0) log.info({ applied: prepared.appliedMigrations }, 'database migrated')
      return prepared
    } catch (error) {
      const mayCome = error instanceof DatabaseError && error.code === 'database-unreachable'
      if (!mayCome || clock.now() + DATABASE_RETRY_MS > deadlineMs) throw error
      log.warn({ reason: describeError(error) }, 'waiting for the database')
      await delay(DATABASE_RETRY_MS)
    }
  }
}

async function renewIdentity(
  identity: OwnIdentity,
  server: { setSecureContext(options: object): void },
  log: Logger,
): Promise<void> {
  try {
    if (!(await identity.renewWhenDue())) return
    server.setSecureContext(serverTls(identity.credentials, { clientCertificate: 'optional' }))
    log.info({}, 'own certificate renewed')
  } catch (error) {
    log.error({ reason: describeError(error) }, 'own certificate cannot be renewed')
  }
}
