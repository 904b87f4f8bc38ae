import 'reflect-metadata'

import { once } from 'node:events'

import { ConfigError } from '@sallyport/config'
import { describeError } from '@sallyport/foundation'
import { createLogger } from '@sallyport/telemetry'

import { startAllocator } from './allocator.ts'
import { joinCluster } from './runtime/identity-upkeep.ts'
import { readSettings } from './runtime/settings.ts'

/** EX_CONFIG of sysexits(3). */
const EXIT_BAD_CONFIGURATION = 78

async function run(stop: AbortSignal): Promise<void> {
  const settings = readSettings(process.env)
  const log = createLogger('ip-allocator', settings.LOG_LEVEL)
  const identity = await joinCluster(settings, log, stop)
  await using _allocator = await startAllocator(settings, identity, log)
  log.info({ listen: settings.ALLOCATOR_LISTEN, serviceId: identity.serviceId }, 'ready')
  if (!stop.aborted) await once(stop, 'abort')
  log.info({}, 'stopping')
}

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    stop.abort()
  })
}
run(stop.signal).catch((error: unknown) => {
  if (stop.signal.aborted) return
  process.stderr.write(`${describeError(error)}\n`)
  process.exitCode = error instanceof ConfigError ? EXIT_BAD_CONFIGURATION : 1
})
