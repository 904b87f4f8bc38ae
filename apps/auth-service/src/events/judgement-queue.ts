import type { StreamOwner } from './event-streams.ts'

/** How many sessions are judged at the same time. */
export const JUDGED_AT_ONCE = 8
/** Of one tenant: those of another never wait for all of its. */
export const JUDGED_AT_ONCE_OF_TENANT = 4

interface TenantTurn<Session> {
  /** By the name of the session. */
  readonly waiting: Map<string, Session>
  readonly running: Set<string>
}

/** Sessions that are to be judged: a few at once, the tenants take turns, and none is judged twice at the same time. */
export class JudgementQueue<Session extends StreamOwner> {
  readonly #judge: (session: Session) => Promise<void>
  /** In the order of their turns. */
  readonly #tenants = new Map<string, TenantTurn<Session>>()
  #running = 0

  /** `judge` must not fail. */
  constructor(judge: (session: Session) => Promise<void>) {
    this.#judge = judge
  }

  /** Has a session judged; one that is being judged comes up once more, for what was seen of it may be old. */
  add(session: Session): void {
    const turn = this.#tenants.get(session.tenantId) ?? { waiting: new Map(), running: new Set() }
    this.#tenants.set(session.tenantId, turn)
    turn.waiting.set(session.sessionName, session)
    this.#start()
  }

  /** Says whether a session waits or is being judged. */
  has({ tenantId, sessionName }: StreamOwner): boolean {
    const turn = this.#tenants.get(tenantId)
    return turn !== undefined && (turn.waiting.has(sessionName) || turn.running.has(sessionName))
  }

  /** Forgets those that wait. */
  clear(): void {
    for (const { waiting } of this.#tenants.values()) waiting.clear()
  }

  #start(): void {
    while (this.#running < JUDGED_AT_ONCE) {
      const next = this.#next()
      if (next === undefined) return
      void this.#run(...next)
    }
  }

  #next(): [turn: TenantTurn<Session>, session: Session] | undefined {
    for (const [tenantId, turn] of this.#tenants) {
      if (turn.running.size >= JUDGED_AT_ONCE_OF_TENANT) continue
      for (const session of turn.waiting.values()) {
        if (turn.running.has(session.sessionName)) continue
        // To the end of the row.
        this.#tenants.delete(tenantId)
        this.#tenants.set(tenantId, turn)
        return [turn, session]
      }
    }
    return undefined
  }

  async #run(turn: TenantTurn<Session>, session: Session): Promise<void> {
    const { tenantId, sessionName } = session
    this.#running += 1
    turn.waiting.delete(sessionName)
    turn.running.add(sessionName)
    await this.#judge(session)
    this.#running -= 1
    turn.running.delete(sessionName)
    if (turn.running.size === 0 && turn.waiting.size === 0) this.#tenants.delete(tenantId)
    this.#start()
  }
}
