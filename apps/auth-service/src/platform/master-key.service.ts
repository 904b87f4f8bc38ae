import { Inject, Injectable } from '@nestjs/common'
import { parseMasterKey } from '@sallyport/certificate-authority'
import { Database, type PlatformTransaction } from '@sallyport/database'
import { Secret } from '@sallyport/foundation'

import type { PlatformActor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import type { Settings } from '../runtime/settings.ts'
import { SETTINGS } from '../runtime/tokens.ts'
import { ClusterSecrets } from './cluster-secrets.ts'
import { DATA_KEY_PREFIX, masterKeyName } from './data-key.ts'
import type { MasterKeysView } from './master-key.schemas.ts'
import { PlatformAudit } from './platform-audit.ts'

interface Copy {
  readonly name: string
  readonly createdAt: Date
}

/**
 * Changes the master key while instances run: the data key gets a second copy, sealed with the new master key, and the
 * old copy goes when every instance was restarted. What the data key seals stays as it is.
 */
@Injectable()
export class MasterKeyService {
  readonly #database: Database
  readonly #secrets: ClusterSecrets
  readonly #platformAudit: PlatformAudit
  readonly #own: string

  constructor(
    @Inject(Database) database: Database,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(SETTINGS) settings: Settings,
    @Inject(PlatformAudit) platformAudit: PlatformAudit,
  ) {
    this.#database = database
    this.#secrets = secrets
    this.#platformAudit = platformAudit
    this.#own = `${DATA_KEY_PREFIX}${masterKeyName(settings.MASTER_KEY)}`
  }

  async list(): Promise<MasterKeysView> {
    return this.#viewOf(await this.#database.withPlatform(copiesIn))
  }

  /** Lets instances start with this key as well. */
  async begin(operator: PlatformActor, newMasterKey: string): Promise<MasterKeysView> {
    const { name, sealed } = this.#secrets.copyFor(parseMasterKey(new Secret(newMasterKey)))
    if (name === this.#own) {
      throw new ApiProblem(409, 'same-master-key', 'This is the present master key. Please give a new one.')
    }
    const copies = await this.#database.withPlatform(async (session) => {
      const known = await this.#copiesWithOwn(session)
      if (known.length > 1 && known.every((copy) => copy.name !== name)) {
        const message = 'The master key is being changed already. Please finish or cancel that first.'
        throw new ApiProblem(409, 'master-key-changing', message)
      }
      await session.platformSecret.createMany({ data: [{ name, sealed }], skipDuplicates: true })
      return copiesIn(session)
    })
    await this.#audit(operator, 'master-key.begin-change', name)
    return this.#viewOf(copies)
  }

  /** Gives up every key but the newest, with which this instance must run. */
  async finish(operator: PlatformActor): Promise<MasterKeysView> {
    return this.#keepOwn(operator, 'master-key.finish-change', (copies) => {
      if (copies.at(-1)?.name === this.#own) return
      const message =
        'This instance runs with the old master key. Please restart every instance with the new one first.'
      throw new ApiProblem(409, 'old-master-key', message)
    })
  }

  /** Gives up the new key; this instance must run with the old one. */
  async cancel(operator: PlatformActor): Promise<MasterKeysView> {
    return this.#keepOwn(operator, 'master-key.cancel-change', (copies) => {
      if (copies.length === 1 || copies.at(-1)?.name !== this.#own) return
      const message =
        'This instance runs with the new master key. Please finish the change, or restart it with the old.'
      throw new ApiProblem(409, 'new-master-key', message)
    })
  }

  async #keepOwn(
    operator: PlatformActor,
    action: string,
    refuse: (copies: readonly Copy[]) => void,
  ): Promise<MasterKeysView> {
    const { copies, removed } = await this.#database.withPlatform(async (session) => {
      refuse(await this.#copiesWithOwn(session))
      const { count } = await session.platformSecret.deleteMany({
        where: { AND: [{ name: { startsWith: DATA_KEY_PREFIX } }, { name: { not: this.#own } }] },
      })
      return { copies: await copiesIn(session), removed: count }
    })
    if (removed > 0) await this.#audit(operator, action, this.#own)
    return this.#viewOf(copies)
  }

  /** A process that outlived its key's end must not decide which key is the right one. */
  async #copiesWithOwn(session: PlatformTransaction): Promise<Copy[]> {
    const copies = await copiesIn(session)
    if (copies.some((copy) => copy.name === this.#own)) return copies
    const message = 'The master key of this instance was given up. Please restart it with the present one.'
    throw new ApiProblem(409, 'old-master-key', message)
  }

  #audit(operator: PlatformActor, action: string, name: string): Promise<void> {
    return this.#platformAudit.write(operator, { action, target: `master-key:${name.slice(DATA_KEY_PREFIX.length)}` })
  }

  #viewOf(copies: readonly Copy[]): MasterKeysView {
    return {
      masterKeys: copies.map(({ name, createdAt }) => ({
        fingerprint: name.slice(DATA_KEY_PREFIX.length),
        since: createdAt.toISOString(),
        isOfThisInstance: name === this.#own,
      })),
    }
  }
}

function copiesIn(session: PlatformTransaction): Promise<Copy[]> {
  return session.platformSecret.findMany({
    where: { name: { startsWith: DATA_KEY_PREFIX } },
    select: { name: true, createdAt: true },
    orderBy: { createdAt: 'asc' },
  })
}
