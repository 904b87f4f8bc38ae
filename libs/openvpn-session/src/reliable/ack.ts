import { MAX_ACKS } from '@sallyport/openvpn-wire'

import { type ReliableTerms, SERVER_TERMS } from './terms.ts'

/** The message ids that a key state owes its peer an acknowledgement for, and the last ones that it gave. */
export class AckList {
  #pending: number[] = []
  #recent: readonly number[] = []
  readonly #repeats: boolean

  constructor({ repeatsAcks }: Pick<ReliableTerms, 'repeatsAcks'> = SERVER_TERMS) {
    this.#repeats = repeatsAcks
  }

  /** True while an acknowledgement is owed. */
  get owed(): boolean {
    return this.#pending.length > 0
  }

  /** Owes an acknowledgement for this message id. */
  add(messageId: number): void {
    if (!this.#pending.includes(messageId)) this.#pending.push(messageId)
  }

  /** Gives at most `limit` ids to send: owed ones first, then repeats of recent ones in case those were lost. */
  take(limit: number): readonly number[] {
    const owed = this.#pending.slice(0, limit)
    this.#pending = this.#pending.slice(limit)
    if (!this.#repeats) return owed
    this.#recent = mergeRecentAcks(this.#recent, owed)
    return this.#recent.slice(0, limit)
  }
}

/** Puts new ids before the recent ones, each once, and keeps as many as fit in a packet. */
export function mergeRecentAcks(recent: readonly number[], added: readonly number[]): readonly number[] {
  return [...added, ...recent.filter((id) => !added.includes(id))].slice(0, MAX_ACKS)
}
