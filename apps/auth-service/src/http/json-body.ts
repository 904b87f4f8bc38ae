import { ApiProblem } from './api-problem.ts'

const MAX_DEPTH = 32
/** The parts of a valid JSON text that its structure is made of. */
const TOKENS = /"(?:[^"\\]+|\\.)*"|[{}[\],:]/gsu

interface Level {
  /** Keys so far; undefined in an array. */
  readonly keys: Set<string> | undefined
  /** The key or index that is being read. */
  at: string | number
}

/**
 * Reads the JSON text of a request strictly: UTF-8, at most 32 levels, no key twice in an object, no `__proto__`. What
 * two readers could read differently is refused, not guessed. Nothing at all reads as `undefined`. Throws the 400.
 */
export function parseJsonBody(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined
  const text = decode(bytes)
  const value = parse(text)
  checkStructure(text)
  return value
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw refusal('', 'is not UTF-8; send JSON in UTF-8')
  }
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch (error) {
    // The parser's own message quotes the text, which may hold a password.
    const position = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined
    throw refusal('', `is not valid JSON${position === undefined ? '' : ` (see character ${position})`}`)
  }
}

function checkStructure(text: string): void {
  const levels: Level[] = []
  let token = ''
  for (const match of text.matchAll(TOKENS)) {
    const before = token
    token = match[0]
    const level = levels.at(-1)
    if (token === '{' || token === '[') {
      levels.push(token === '{' ? { keys: new Set(), at: '' } : { keys: undefined, at: 0 })
      if (levels.length > MAX_DEPTH) throw refusal('', `is nested deeper than ${String(MAX_DEPTH)} levels`)
    } else if (token === '}' || token === ']') levels.pop()
    else if (token === ',' && typeof level?.at === 'number') level.at += 1
    else if (token.startsWith('"') && level?.keys !== undefined && (before === '{' || before === ','))
      enterKey(levels, level, level.keys, String(JSON.parse(token)))
  }
}

function enterKey(levels: readonly Level[], level: Level, keys: Set<string>, key: string): void {
  level.at = key
  const path = levels.map(({ at }) => at).join('.')
  if (keys.has(key)) throw refusal(path, 'is given twice')
  if (key === '__proto__') throw refusal(path, 'is not a name that a field can have')
  keys.add(key)
}

function refusal(path: string, message: string): ApiProblem {
  const subject = path === '' ? 'The body' : `The field ${path}`
  return new ApiProblem(400, 'bad-request', `${subject} ${message}.`, [{ path, message }])
}
