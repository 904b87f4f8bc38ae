import { readFileSync } from 'node:fs'

import { z } from 'zod'

const description = z.object({ version: z.string() })

/** Version of this program, from its package; that file stands beside `src/` and `dist/`. */
export function programVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return description.parse(JSON.parse(text)).version
}
