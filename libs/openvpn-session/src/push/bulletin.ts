import type { ClientAbilities } from '../client-abilities.ts'
import { infoMessage } from '../control-messages.ts'
import type { Transport } from '../remote-address.ts'
import type { PushConfiguration } from './configuration.ts'
import { updateMessages } from './updates.ts'

/** What waits for a client that cannot listen is forgotten beyond this. */
const MAX_NOTES = 8

/** What there is to say to a connected client: changes of its configuration, and something to read for its user. */
export class Bulletin {
  readonly #transport: Transport
  #told: PushConfiguration | undefined
  #wanted: PushConfiguration | undefined
  #notes: readonly string[] = []

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Notes the configuration that the client was connected with. */
  noteTold(configuration: PushConfiguration): void {
    this.#told = configuration
  }

  /** Takes the configuration that the client should have; only the latest counts. */
  want(configuration: PushConfiguration): void {
    this.#wanted = configuration
  }

  /** Takes something for the user to read. */
  note(text: string): void {
    this.#notes = [...this.#notes, text].slice(-MAX_NOTES)
  }

  /** Gives the messages to say, once; `updated` is false when a change could not be put into messages. */
  take(abilities: ClientAbilities): { readonly messages: readonly string[]; readonly updated: boolean } {
    const notes = abilities.family.info ? this.#notes.map(infoMessage) : []
    this.#notes = []
    const [told, wanted] = [this.#told, this.#wanted]
    if (told === undefined || wanted === undefined) return { messages: notes, updated: true }
    this.#wanted = undefined
    const update = updateMessages(told, wanted, abilities, this.#transport)
    if (update === undefined) return { messages: notes, updated: false }
    this.#told = wanted
    return { messages: [...update, ...notes], updated: true }
  }
}
