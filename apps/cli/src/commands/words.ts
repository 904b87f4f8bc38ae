import { UsageError } from '../cli-error.ts'

/** Reads a word that is one of a few; throws the sentence that lists them. */
function oneOf<const Word extends string>(what: string, words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((one) => one === text)
    if (word === undefined) throw new UsageError(`"${text}" is no ${what}; there are: ${words.join(', ')}.`)
    return word
  }
}

export const userRole = oneOf('role', ['operator', 'administrator', 'auditor', 'user'])
export const userState = oneOf('state', ['enabled', 'disabled', 'invited', 'locked'])
export const factorMethod = oneOf('second factor', ['totp', 'passkey', 'recovery-code'])

/** Reads the text of a JSON object; throws the sentence that names the file. */
export function parseJsonObject(text: string, file: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${file} is no JSON object.`)
  return { ...value }
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}
