import { Controller, Get, Header, Inject } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import { Database } from '@sallyport/database'

import { Access } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { findProblem } from './readiness.ts'
import { SharedStore } from './shared-store.ts'

/** Tells an orchestrator whether the process lives and whether it can do its work. */
@ApiTags('health')
@Controller('health')
@Access('public')
export class HealthController {
  readonly #database: Database
  readonly #store: SharedStore

  constructor(@Inject(Database) database: Database, @Inject(SharedStore) store: SharedStore) {
    this.#database = database
    this.#store = store
  }

  @Get('live')
  @Header('cache-control', 'no-store')
  live(): { status: 'ok' } {
    return { status: 'ok' }
  }

  @Get('ready')
  @Header('cache-control', 'no-store')
  async ready(): Promise<{ status: 'ok' }> {
    const problem = await findProblem(this.#database, this.#store)
    if (problem !== undefined) throw new ApiProblem(503, 'temporarily-unavailable', problem)
    return { status: 'ok' }
  }
}
