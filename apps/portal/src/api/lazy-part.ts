const ASK_MS = 5000

/**
 * A part of the portal that is loaded when it is needed did not come. Its message is none that the router knows: the
 * router would load the page anew, and without a network that throws the page away.
 */
export class LostPartError extends Error {
  /** The service answers and has it no more: it was upgraded since the page was loaded. */
  readonly isGone: boolean

  constructor(isGone: boolean, cause: unknown) {
    super('a part of the portal did not come', { cause })
    this.name = 'LostPartError'
    this.isGone = isGone
  }
}

/** Loads a part of the portal; throws LostPartError when it does not come. */
export async function lazyPart<Part>(
  load: () => Promise<Part>,
  serviceAnswers: () => Promise<boolean> = doesServiceAnswer,
): Promise<Part> {
  try {
    return await load()
  } catch (error) {
    throw new LostPartError(await serviceAnswers(), error)
  }
}

/** Tells whether the service that served this page can be reached. */
export async function doesServiceAnswer(): Promise<boolean> {
  try {
    const { ok } = await fetch('/', { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(ASK_MS) })
    return ok
  } catch {
    return false
  }
}
