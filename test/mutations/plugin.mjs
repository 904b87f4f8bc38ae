import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** A vite plugin that takes one check out of the code under test, as mutations.json names it; files stay as they are. */
export function mutationPlugin(name) {
  const mutations = JSON.parse(readFileSync(join(ROOT, 'test/mutations/mutations.json'), 'utf8'))
  const mutation = mutations.find((candidate) => candidate.name === name)
  if (mutation === undefined) throw new Error(`mutations.json has no mutation «${name}»`)
  const { file, find, replace } = mutation
  return {
    name: 'sallyport-mutation',
    enforce: 'pre',
    transform(code, id) {
      if (id.split('?')[0] !== join(ROOT, file)) return undefined
      if (code.split(find).length !== 2) throw new Error(`${file} does not have the text of «${name}» exactly once`)
      return { code: code.replace(find, () => replace), map: null }
    },
  }
}
