/** The person or script that types the command; secrets come from here and never from the command line. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Characters in a line; `undefined` when the output is no terminal, and nothing has to fit. */
  readonly columns: number | undefined
  write(text: string): Promise<void>
  /** For the person: questions, warnings, errors. */
  tell(text: string): void
  /** Asks a question; without a terminal it takes the next line of the input. */
  ask(question: string): Promise<string>
  /** The same without showing what is typed. */
  askSecret(question: string): Promise<string>
}
