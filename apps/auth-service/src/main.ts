import 'reflect-metadata'

import { ConfigError } from '@sallyport/config'
import { describeError } from '@sallyport/foundation'
import { createLogger } from '@sallyport/telemetry'

import { startApplication } from './application.ts'
import { readSettings } from './runtime/settings.ts'

/** `EX_CONFIG` of sysexits. */
const BAD_CONFIGURATION = 78

async function main(): Promise<void> {
  const settings = readSettings(process.env)
  const log = createLogger('auth-service', settings.LOG_LEVEL)
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
  const starting = startApplication(settings, log, { now: () => Date.now() })
  const first = await Promise.race([starting, stopped])
  // Told to stop while it still waits for the database, it has nothing yet that would have to be closed in order.
  if (typeof first === 'string') return
  await using _application = first
  log.info({ url: settings.AUTH_PUBLIC_URL }, 'ready')
  log.info({ signal: await stopped }, 'stopping')
}

try {
  await main()
} catch (error) {
  process.stderr.write(error instanceof ConfigError ? `${error.message}\n` : `auth-service: ${describeError(error)}\n`)
  process.exitCode = error instanceof ConfigError ? BAD_CONFIGURATION : 1
}
// Everything is disposed by now; the schema engine's lock timer would hold the process for ten more seconds.
process.exit()
