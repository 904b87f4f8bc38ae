import { lazyPart } from '../api/lazy-part.ts'
import type { messages as administration } from './en/administration.ts'
import type { messages as base } from './en/base.ts'

/** Languages of the portal, by their tags (RFC 5646). */
export const LOCALES = { en: 'English', de: 'Deutsch' } as const
export type Locale = keyof typeof LOCALES

/** Parts of the catalogue that are loaded apart: an employee never loads the second. */
type Area = 'base' | 'administration'

/** All texts, by area and key; the English ones are the model of the others. */
export type Messages = typeof base & typeof administration

declare module 'use-intl' {
  interface AppConfig {
    Messages: Messages
  }
}

const FILES: Readonly<Record<Locale, Readonly<Record<Area, () => Promise<{ messages: Partial<Messages> }>>>>> = {
  en: { base: () => import('./en/base.ts'), administration: () => import('./en/administration.ts') },
  de: { base: () => import('./de/base.ts'), administration: () => import('./de/administration.ts') },
}
const STORAGE_KEY = 'language'

/** The texts in use. */
export interface Texts {
  readonly locale: Locale
  readonly messages: Messages
}

let areas: readonly Area[] = ['base']
let texts: Texts | undefined
const listeners = new Set<() => void>()

/** Gives the texts in use; must not be called before `chooseLocale` was awaited. */
export function currentTexts(): Texts {
  if (texts === undefined) throw new Error('no language was chosen')
  return texts
}

/** Hears when the texts change; the result ends that. */
export function onTexts(listener: () => void): () => void {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

/** The language of an earlier choice, else the first of the browser's that there is. */
export function preferredLocale(stored: string | null, wanted: readonly string[]): Locale {
  const candidates = [stored, ...wanted].map((tag) => tag?.split('-')[0]?.toLowerCase())
  return candidates.find((tag): tag is Locale => tag !== undefined && tag in LOCALES) ?? 'en'
}

/**
 * The way to write times and numbers in a language: that of the reader's region, where the browser names one
 * (`en-GB` for `en`).
 */
export function regionalLocale(locale: Locale, wanted: readonly string[]): string {
  return wanted.find((tag) => tag.split('-')[0]?.toLowerCase() === locale) ?? locale
}

/** Reads what was chosen before; a browser that keeps nothing chose nothing. */
export function storedLocale(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY)
  } catch {
    return null
  }
}

/** Loads a language and shows everything in it. */
export async function chooseLocale(locale: Locale, remember: boolean): Promise<void> {
  await load(locale, areas)
  document.documentElement.lang = locale
  if (!remember) return
  try {
    localStorage.setItem(STORAGE_KEY, locale)
  } catch {
    // It lasts until the page is left.
  }
}

/** Loads an area's texts in the present language. */
export async function needArea(area: Area): Promise<void> {
  if (areas.includes(area)) return
  await load(currentTexts().locale, [...areas, area])
}

async function load(locale: Locale, wanted: readonly Area[]): Promise<void> {
  const parts = await Promise.all(wanted.map((area) => lazyPart(FILES[locale][area])))
  const messages = parts.reduce<Partial<Messages>>((all, part) => ({ ...all, ...part.messages }), {})
  if (!areShowable(messages)) throw new Error('the texts of everybody are missing')
  areas = wanted
  texts = { locale, messages }
  for (const listener of listeners) listener()
}

/** An area's pages are shown only when its texts are there: their route asks for them. */
function areShowable(messages: Partial<Messages>): messages is Messages {
  return messages.common !== undefined
}
