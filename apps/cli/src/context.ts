import type { ApiClient } from '@sallyport/api-client'

import type { Connection } from './connection.ts'
import type { CredentialsFile } from './credentials-file.ts'
import { type Column, formatFields, formatTable } from './table.ts'
import type { Terminal } from './terminal.ts'

/** What a command works with. */
export class Context {
  readonly terminal: Terminal
  readonly connection: Connection
  readonly credentials: CredentialsFile
  /** The output is for a script. */
  readonly json: boolean

  constructor(terminal: Terminal, connection: Connection, credentials: CredentialsFile, json: boolean) {
    this.terminal = terminal
    this.connection = connection
    this.credentials = credentials
    this.json = json
  }

  /** The API as whoever is signed in. */
  api(): Promise<ApiClient> {
    return this.connection.open()
  }

  /** Shows a list: a table, or its JSON as the API gave it. */
  async showList<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Promise<void> {
    if (this.json) await this.#writeJson(rows)
    else if (rows.length === 0) this.terminal.tell('There are none.')
    else await this.terminal.write(formatTable(columns, rows, this.terminal.columns))
  }

  /** Shows one thing: a line for each of these fields, or its JSON as the API gave it. */
  async show<Thing>(thing: Thing, fieldsOf: (thing: Thing) => Readonly<Record<string, unknown>>): Promise<void> {
    if (this.json) await this.#writeJson(thing)
    else await this.terminal.write(formatFields(fieldsOf(thing)))
  }

  /** Says that something was done; a script learns it by the exit code. */
  done(sentence: string): void {
    if (!this.json) this.terminal.tell(sentence)
  }

  #writeJson(value: unknown): Promise<void> {
    return this.terminal.write(`${JSON.stringify(value, undefined, 2)}\n`)
  }
}

/** Makes a command's work a handler of commander: its arguments follow the context. */
export type Runner = <Arguments extends unknown[]>(
  work: (context: Context, ...given: Arguments) => Promise<void>,
) => (...given: Arguments) => Promise<void>
