import { ConfigError } from '@sallyport/config'
import { describeError } from '@sallyport/foundation'
import { createLogger } from '@sallyport/telemetry'

import { checkHost } from './host-check.ts'
import { joinCluster, keepIdentityFresh } from './identity-upkeep.ts'
import { VpnNode } from './node.ts'
import { readSettings } from './settings.ts'
import { serveStatus } from './status-server.ts'

/** EX_CONFIG of sysexits(3). */
const EXIT_BAD_CONFIGURATION = 78

async function run(stop: AbortSignal): Promise<void> {
  const settings = readSettings(process.env)
  const log = createLogger('vpn-node', settings.LOG_LEVEL)
  await checkHost()
  const identity = await joinCluster(settings, log, stop)
  using _upkeep = keepIdentityFresh(identity, log)
  await using node = new VpnNode(settings, identity, log)
  await using _status = await serveStatus(settings.METRICS_LISTEN, node)
  const { address, port } = await node.start(settings.NODE_LISTEN)
  log.info({ address, port, nodeId: identity.serviceId }, 'ready')
  if (!stop.aborted)
    await new Promise((resolve) => {
      stop.addEventListener('abort', resolve)
    })
  log.info({}, 'stopping')
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
