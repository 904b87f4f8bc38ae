import { MAX_CONTROL_MESSAGE_BYTES } from './control-message.ts'

const HEAD = 'PUSH_REPLY'
/** Room that peers of the 2.x line keep free in the message for what is added at its end. */
const RESERVED_BYTES = 84
const MAX_TEXT_LENGTH = MAX_CONTROL_MESSAGE_BYTES - RESERVED_BYTES
/** Says at the end of a message that the list goes on in the next one. */
export const MORE_FOLLOW = 'push-continuation 2'
/** Says at the end of a message that it was the last one of its list. */
export const LAST_PART = 'push-continuation 1'
const OPTION = /^[\x20-\x2b\x2d-\x7e]{1,255}$/
const MAX_WORDS = 16

/** Says whether an option can be pushed: printable ASCII without comma, at most 255 characters and 16 words. */
export function isPushableOption(option: string): boolean {
  return OPTION.test(option) && option.split(' ').length <= MAX_WORDS
}

/**
 * Assembles the messages that push these options: one, or several that say so at their end. `undefined` when an option
 * cannot be pushed or there is none, because clients do not take an empty reply.
 */
export function assemblePushReply(options: readonly string[]): readonly string[] | undefined {
  if (options.length === 0 || !options.every(isPushableOption)) return undefined
  return assembleParts(HEAD, options)
}

/** Puts a head and a list into as few messages as hold it, each with the head, marked as parts when there are several. */
export function assembleParts(head: string, options: readonly string[]): readonly string[] {
  const parts = splitAtLength(head, options)
  if (parts.length === 1) return parts
  return parts.map((part, index) => `${part},${index < parts.length - 1 ? MORE_FOLLOW : LAST_PART}`)
}

/** Reads the options of the messages of one push reply; `undefined` until the last part is there. */
export function parsePushReply(messages: readonly string[]): readonly string[] | undefined {
  const options = messages.flatMap((message) => (message.startsWith(`${HEAD},`) ? message.split(',').slice(1) : []))
  const last = messages.at(-1)
  if (last === undefined || last.endsWith(`,${MORE_FOLLOW}`)) return undefined
  return options.filter((option) => option !== MORE_FOLLOW && option !== LAST_PART)
}

function splitAtLength(head: string, options: readonly string[]): string[] {
  const parts: string[] = []
  let part = head
  for (const option of options) {
    if (part.length + 1 + option.length > MAX_TEXT_LENGTH) {
      parts.push(part)
      part = head
    }
    part += `,${option}`
  }
  return [...parts, part]
}
