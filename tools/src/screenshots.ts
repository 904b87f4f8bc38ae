import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { CHECKOUT, runCommand } from './command.ts'

const FOLDER = join(CHECKOUT, 'screenshots')
const TOUR = 'test/src/browser/tour.spec.ts'

await runCommand(async () => {
  await rm(FOLDER, { recursive: true, force: true })
  const child = spawn('vitest', ['run', '--project', 'browser', TOUR], {
    cwd: CHECKOUT,
    stdio: 'inherit',
    env: { ...process.env, SALLYPORT_SCREENSHOTS: FOLDER },
  })
  const ended: readonly unknown[] = await once(child, 'close')
  process.stdout.write(`The pictures are in ${FOLDER}.\n`)
  process.exitCode = ended[0] === 0 ? 0 : 1
})
