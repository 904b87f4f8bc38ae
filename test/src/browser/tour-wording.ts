import { readdirSync, readFileSync } from 'node:fs'

const CATALOGUE = new URL('../../../apps/portal/src/messages/', import.meta.url)
/** What stands in the place of an argument or a tag. */
const GAP = '\0'
/** Two words: less may stand in a text of any language. */
const TELLING = /\p{L}{2}.*\s.*\p{L}{2}/su

/** Gives what finds a text of the English catalogue, or one made from it, in the language that is shown. */
export type Say = (english: string) => RegExp

/** The texts of a language by their keys. */
function textsOf(locale: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  const walk = (value: unknown, path: string): void => {
    // Soft hyphens are no part of the names by which elements are found.
    if (typeof value === 'string') texts.set(path, value.replaceAll("''", "'").replaceAll('\u00ad', ''))
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`)
  }
  const folder = new URL(`${locale}/`, CATALOGUE)
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json')))
    walk(JSON.parse(readFileSync(new URL(file, folder), 'utf8')), file)
  return texts
}

/** The parts of an ICU message that are shown as they are, in each of the forms among which its arguments choose. */
function partsOf(message: string): string[] {
  const texts: string[] = []
  const withoutArguments = (text: string): string => {
    const shorter = text.replaceAll(/\{([^{}]*)\}/g, (_, inner: string) => {
      const isArgument = /^\s*\w+\s*(?:,|$)/.test(inner)
      if (!isArgument) texts.push(inner.replaceAll('#', GAP))
      return GAP
    })
    return shorter === text ? text : withoutArguments(shorter)
  }
  texts.push(withoutArguments(message.replaceAll(/<\/?\w+>/g, GAP)))
  return texts.flatMap((text) => text.split(GAP)).map((part) => part.trim())
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

/** Finds a message whatever its arguments are; the first is a group. */
function patternOf(message: string): string {
  return escaped(message).replaceAll(/\\\{\w+\\\}/g, '(.+)')
}

/** What the portal's catalogues say in a language, seen from English. */
export class Wording {
  readonly #english = textsOf('en')
  readonly #own: ReadonlyMap<string, string>
  readonly #words = new Set<string>()
  readonly #parts = new Set<string>()

  constructor(locale: string) {
    this.#own = textsOf(locale)
    const own = [...this.#own.values()]
    for (const english of this.#english.values()) {
      if (!/[{<]/.test(english) && !own.includes(english)) this.#words.add(english)
      for (const part of partsOf(english))
        if (TELLING.test(part) && !own.some((text) => text.includes(part))) this.#parts.add(part)
    }
  }

  /** What the catalogue does not have is no text of the portal, and the same in every language. */
  readonly say: Say = (english) => {
    const found = [...this.#english].flatMap(([key, text]) => {
      const own = this.#own.get(key) ?? ''
      return text === english ? patternOf(own) : filled(own, text, english)
    })
    const all = found.length === 0 ? [escaped(english)] : [...new Set(found)]
    return new RegExp(`^(?:${all.join('|')})$`, 'u')
  }

  /** Gives those texts of a page that are English ones of the catalogue, whole or in part. */
  foreignIn(texts: readonly string[]): string[] {
    const parts = [...this.#parts]
    return texts.filter((text) => this.#words.has(text) || parts.some((part) => text.includes(part)))
  }
}

/** Says in another language what is an English message with its only argument filled in. */
function filled(own: string, message: string, english: string): string[] {
  if (!/^[^{}<]*\{\w+\}[^{}<]*$/.test(message) || !/\p{L}{2}/u.test(message.replace(/\{\w+\}/, ''))) return []
  const [, argument] = new RegExp(`^${patternOf(message)}$`, 'u').exec(english) ?? []
  return argument === undefined ? [] : [escaped(own.replace(/\{\w+\}/, () => argument))]
}
