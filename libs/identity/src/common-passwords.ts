import { dictionary } from '@zxcvbn-ts/language-common'

/** Words that are common here and in no list of leaked passwords. */
const OWN_WORDS = ['sallyport', 'openvpn', 'correcthorsebatterystaple']

/** Digits and signs that people write in the place of letters. */
const LETTER_FOR: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
}
const MIN_WORD_CHARACTERS = 4
/** With more around it, a common word is a part of a password rather than the password. */
const MAX_AROUND_CHARACTERS = 10

const common: ReadonlySet<string> = new Set([...dictionary['passwords-common'], ...OWN_WORDS])

/**
 * Says whether a password, in lower case, is one of the 49,000 that leaked most often, or such a word with what people
 * add until it is long enough: digits and signs around it, digits for letters, the word twice.
 */
export function isCommonPassword(password: string): boolean {
  return candidatesOf(password).some((word) => {
    const around = password.length - word.length
    return word.length >= MIN_WORD_CHARACTERS && around <= MAX_AROUND_CHARACTERS && common.has(once(word))
  })
}

function candidatesOf(password: string): string[] {
  const core = password.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
  const runs = lettersFor(password).match(/\p{L}+/gu) ?? []
  return [password, core, lettersFor(core), password.replaceAll(/[^\p{L}]/gu, ''), ...runs]
}

function lettersFor(text: string): string {
  return text.replaceAll(/[0134579@$!]/g, (sign) => LETTER_FOR[sign] ?? sign)
}

/** `passwordpassword` is `password`: a word written twice or more is no better than the word. */
function once(word: string): string {
  return /^(.+?)\1+$/.exec(word)?.[1] ?? word
}
