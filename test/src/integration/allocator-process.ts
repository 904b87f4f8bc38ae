import { fileURLToPath } from 'node:url'

import { ManagedProcess } from '@sallyport/local-services'

const MAIN = fileURLToPath(new URL('../../../apps/ip-allocator/dist/main.js', import.meta.url))
const START_TIMEOUT_MS = 20_000

/** Starts the built service with exactly this environment. */
export function spawnAllocator(environment: Readonly<Record<string, string>>): ManagedProcess {
  return new ManagedProcess({
    name: 'ip-allocator',
    file: process.execPath,
    args: ['--enable-source-maps', MAIN],
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...environment },
    stopSignal: 'SIGTERM',
  })
}

/** Starts the built service and waits until it says that it is ready. */
export async function startAllocator(environment: Readonly<Record<string, string>>): Promise<ManagedProcess> {
  const service = spawnAllocator(environment)
  await service.waitForLine(/"msg":"ready"/, START_TIMEOUT_MS)
  return service
}
