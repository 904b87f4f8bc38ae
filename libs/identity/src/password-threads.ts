import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

import { describeError, SallyportError } from '@sallyport/foundation'

/** The work of a thread: a password with its parameters to hash, or with the hash that it may belong to. */
export type PasswordTask =
  | { readonly kind: 'hash'; readonly password: string; readonly options: HashOptions }
  | { readonly kind: 'verify'; readonly password: string; readonly passwordHash: string }

/** Parameters as the argon2 library names them. */
export interface HashOptions {
  readonly memoryCost: number
  readonly timeCost: number
  readonly parallelism: number
  readonly outputLen: number
}

/** What a thread answers: the hash, whether the password is right, or why it could not tell. */
export type PasswordAnswer = { readonly value: string | boolean } | { readonly problem: string }

/** So many passwords wait already that this one would wait too long; asking again soon makes sense. */
export class PasswordsBusyError extends SallyportError {
  constructor() {
    super('passwords-busy', 'more passwords wait to be checked than can be checked in time')
  }
}

/** Nobody waits longer than this for a thread. */
const LONGEST_WAIT_MS = 5000
/** A first guess of what one hash takes, until one was measured. */
const FIRST_GUESS_MS = 50
const WEIGHT_OF_LAST = 0.1

interface Waiting {
  readonly task: PasswordTask
  readonly answer: (answer: PasswordAnswer) => void
}

/**
 * Threads that do nothing but argon2. libuv's few threads stay free for names, files and signatures, and the system lets
 * these run after everything else that this process has to do.
 */
export class PasswordThreads {
  readonly #most: number
  readonly #idle: PasswordThread[] = []
  readonly #waiting: Waiting[] = []
  #running = 0
  #typicalMs = FIRST_GUESS_MS

  /** One thread for each processor but one, unless told otherwise; each is started when it is needed first. */
  constructor(most = Math.max(1, availableParallelism() - 1)) {
    this.#most = most
  }

  /** Does one task; throws `PasswordsBusyError` at once when it would wait too long, `bad-password-hash` for what is none. */
  async run(task: PasswordTask): Promise<string | boolean> {
    const waitMs = (this.#waiting.length * this.#typicalMs) / this.#most
    if (waitMs > LONGEST_WAIT_MS) throw new PasswordsBusyError()
    const answer = await new Promise<PasswordAnswer>((resolve) => {
      this.#waiting.push({ task, answer: resolve })
      this.#next()
    })
    if ('problem' in answer) throw new SallyportError('password-thread-failed', answer.problem)
    return answer.value
  }

  #next(): void {
    if (this.#running >= this.#most) return
    const next = this.#waiting.shift()
    if (next === undefined) return
    this.#running += 1
    const startedMs = performance.now()
    const thread = this.#idle.pop() ?? new PasswordThread()
    thread.run(next.task, (answer, isAlive) => {
      if (isAlive) this.#idle.push(thread)
      this.#running -= 1
      this.#typicalMs += (performance.now() - startedMs - this.#typicalMs) * WEIGHT_OF_LAST
      next.answer(answer)
      this.#next()
    })
  }
}

/** One thread, with one task at a time; it holds the process only while it has one. */
class PasswordThread {
  readonly #worker = startThread()
  #finish: ((answer: PasswordAnswer, isAlive: boolean) => void) | undefined

  constructor() {
    this.#worker.on('message', (answer: PasswordAnswer) => {
      this.#end(answer, true)
    })
    this.#worker.on('error', (error) => {
      this.#end({ problem: describeError(error) }, false)
    })
  }

  run(task: PasswordTask, finish: (answer: PasswordAnswer, isAlive: boolean) => void): void {
    this.#finish = finish
    this.#worker.ref()
    this.#worker.postMessage(task)
  }

  #end(answer: PasswordAnswer, isAlive: boolean): void {
    const finish = this.#finish
    this.#finish = undefined
    this.#worker.unref()
    finish?.(answer, isAlive)
  }
}

/** The file has the ending that this one has: sources in tests, compiled otherwise. */
function startThread(): Worker {
  const ending = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
  return new Worker(new URL(`./password-thread${ending}`, import.meta.url), { name: 'passwords' })
}
