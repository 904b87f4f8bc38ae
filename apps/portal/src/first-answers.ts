/** What a page asks, and under which key the answer is kept. */
export interface Question<Answer> {
  readonly queryKey: readonly unknown[]
  readonly queryFn: (context: { readonly signal: AbortSignal }) => Promise<Answer>
}

/** After this long a page is shown with what holds the places of its parts. */
const MAX_BLANK_MS = 3000

/** How loaders ask: what is known will do, for the page asks anew by itself; what fails, the page says. */
export const FIRST_ANSWER = { staleTime: 'static', retry: false } as const

/**
 * Waits for what a page asks first, so that it appears complete and nothing in it moves.
 *
 * Never fails, and does not wait for what is slow or for a connection that is lost.
 */
export async function firstAnswers(...answers: readonly Promise<unknown>[]): Promise<void> {
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(late.resolve, MAX_BLANK_MS, undefined)
  await Promise.race([Promise.allSettled(answers), late.promise])
  clearTimeout(timer)
}
