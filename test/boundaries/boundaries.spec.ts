import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { ESLint } from 'eslint'
import tseslint from 'typescript-eslint'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const cases = join(import.meta.dirname, 'cases')

// Files that do not exist cannot be type-checked; the rules under test need no types.
const eslint = new ESLint({
  cwd: root,
  overrideConfig: [
    { ...tseslint.configs.disableTypeChecked, files: ['**/*.ts'] },
    { files: ['**/*.ts'], languageOptions: { parserOptions: { projectService: false } } },
  ],
})

async function rulesThatFire(code: string, filePath: string): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(code, { filePath: join(root, filePath) })
  return (result?.messages ?? []).map((message) => message.ruleId)
}

it.each(readdirSync(cases))(
  'lint rejects %s',
  async (name) => {
    const code = readFileSync(join(cases, name), 'utf8')
    const [, filePath = ''] = /^\/\/ lint as: (.+)$/m.exec(code) ?? []
    const [, rule = ''] = /^\/\/ expect: (.+)$/m.exec(code) ?? []
    expect(await rulesThatFire(code, filePath)).toContain(rule)
  },
  30_000,
)

it('lint accepts an allowed import in the same place', async () => {
  const code = "import { SallyportError } from '@sallyport/foundation'\n\nexport const error = SallyportError\n"
  expect(await rulesThatFire(code, 'libs/openvpn-wire/src/right-import.ts')).toEqual([])
}, 30_000)
