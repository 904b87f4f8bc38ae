import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Logger } from '@sallyport/telemetry'

const PACKAGE = '@sallyport/portal/package.json'

/**
 * Finds the built portal: in the directory that is given, else in the package that has it. Without one the service runs
 * all the same; the log says once what is missing.
 */
export function findPortalBuild(given: string | undefined, log: Logger): string | undefined {
  const directory = given === undefined ? defaultDirectory() : resolve(given)
  if (directory !== undefined && existsSync(join(directory, 'index.html'))) return directory
  log.warn(
    { directory: directory ?? PACKAGE },
    'there is no portal to serve: build it (npm run build), or name the directory with its index.html in ' +
      'AUTH_PORTAL_DIRECTORY; the API works without it',
  )
  return undefined
}

function defaultDirectory(): string | undefined {
  try {
    return fileURLToPath(new URL('dist', import.meta.resolve(PACKAGE)))
  } catch {
    // The package is not installed beside the service.
    return undefined
  }
}
