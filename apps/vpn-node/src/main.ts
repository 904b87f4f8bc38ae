import { access, constants } from 'node:fs/promises'

import { ConfigError } from '@sallyport/config'
import { describeError, SallyportError } from '@sallyport/foundation'
import { createLogger, type Logger, serveStatus } from '@sallyport/telemetry'

import { checkHost } from './host-check.ts'
import { joinCluster, keepIdentityFresh } from './identity-upkeep.ts'
import { VpnNode } from './node.ts'
import { readSettings } from './settings.ts'

/** EX_CONFIG of sysexits(3). */
const EXIT_BAD_CONFIGURATION = 78

async function run(stop: AbortSignal): Promise<void> {
  const settings = readSettings(process.env)
  const log = createLogger('vpn-node', settings.LOG_LEVEL)
  await checkHost()
  await checkCaptures(settings.NODE_CAPTURE_DIRECTORY, log)
  const identity = await joinCluster(settings, log, stop)
  using _upkeep = keepIdentityFresh(identity, log)
  await using node = new VpnNode(settings, identity, log)
  await using _status = await showStatus(settings.METRICS_LISTEN, node)
  const listeners = await node.start(settings.NODE_LISTEN)
  log.info({ listeners, nodeId: identity.serviceId }, 'ready')
  if (!stop.aborted)
    await new Promise((resolve) => {
      stop.addEventListener('abort', resolve)
    })
  log.info({}, 'stopping')
}

/** Captures are not what a node is for: it starts without them, too. */
async function checkCaptures(directory: string | undefined, log: Logger): Promise<void> {
  if (directory === undefined) return
  try {
    await access(directory, constants.W_OK | constants.X_OK)
  } catch (error) {
    log.warn({ err: describeError(error) }, 'NODE_CAPTURE_DIRECTORY cannot be written to: every capture will fail')
  }
}

async function showStatus(listen: { host: string; port: number }, node: VpnNode): Promise<AsyncDisposable> {
  try {
    const pages = { '/peers': () => node.listPeers() }
    return await serveStatus(listen, { metrics: node.metrics.registry, problem: () => node.problem, pages })
  } catch (error) {
    const where = `${listen.host}:${String(listen.port)}`
    throw new SallyportError('cannot-listen', `METRICS_LISTEN ${where}: ${describeError(error)}`, { cause: error })
  }
}

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    stop.abort()
  })
run(stop.signal).catch((error: unknown) => {
  if (stop.signal.aborted) return
  process.stderr.write(`${describeError(error)}\n`)
  process.exitCode = error instanceof ConfigError ? EXIT_BAD_CONFIGURATION : 1
})
