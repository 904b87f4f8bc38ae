import { readdirSync, readFileSync } from 'node:fs'

import { createTranslator, type RichTranslationValues } from 'use-intl/core'
import { expect, it } from 'vitest'

import { LOCALES, preferredLocale, regionalLocale } from './catalogue.ts'

const FOLDER = new URL('.', import.meta.url)
const FILES = readdirSync(new URL('en/', FOLDER)).filter((name) => name.endsWith('.json'))

function texts(locale: string, file: string): Map<string, string> {
  const found = new Map<string, string>()
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'string') found.set(path, value)
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`)
    else throw new Error(`${locale}/${file}: ${path} is no text`)
  }
  walk(JSON.parse(readFileSync(new URL(`${locale}/${file}`, FOLDER), 'utf8')), '')
  return found
}

/** Names of arguments and tags of an ICU message, whatever the sentence around them. */
function argumentsOf(text: string): string[] {
  const names = [...text.matchAll(/\{\s*(\w+)\s*[,}]|<(\w+)>/g)].map(
    ([, argument, tag]) => argument ?? `<${tag ?? ''}>`,
  )
  return [...new Set(names)].sort()
}

it.each(Object.keys(LOCALES).flatMap((locale) => FILES.map((file) => [locale, file] as const)))(
  'has in %s the same texts with the same arguments as the model, in %s',
  (locale, file) => {
    const model = texts('en', file)
    const other = texts(locale, file)
    expect([...other.keys()].sort()).toEqual([...model.keys()].sort())
    for (const [key, text] of other) {
      expect(text.trim(), key).not.toBe('')
      expect(argumentsOf(text), key).toEqual(argumentsOf(model.get(key) ?? ''))
    }
  },
)

it.each(Object.keys(LOCALES).flatMap((locale) => FILES.map((file) => [locale, file] as const)))(
  'has only texts that can be read, in %s of %s',
  (locale, file) => {
    for (const [key, text] of texts(locale, file)) {
      const problems: unknown[] = []
      const values: RichTranslationValues = Object.fromEntries(
        argumentsOf(text).map((name): [string, RichTranslationValues[string]] =>
          name.startsWith('<') ? [name.slice(1, -1), (chunks) => chunks] : [name, 2],
        ),
      )
      const translate = createTranslator({
        locale,
        messages: { text },
        onError: (error) => void problems.push(error.message),
      })
      void translate.rich('text', values)
      expect(problems, `${key}: ${text}`).toEqual([])
    }
  },
)

it.each([
  [null, ['fr-FR', 'de-AT', 'en'], 'de'],
  ['en', ['de'], 'en'],
  ['xx', ['de'], 'de'],
  [null, ['fr'], 'en'],
  [null, [], 'en'],
] as const)('chooses for %s and %s the language %s', (stored, wanted, locale) => {
  expect(preferredLocale(stored, wanted)).toBe(locale)
})

it('writes times and numbers as the region does, where the browser names one', () => {
  expect(regionalLocale('en', ['de-AT', 'en-GB', 'en-US'])).toBe('en-GB')
  expect(regionalLocale('de', ['en-GB'])).toBe('de')
})
