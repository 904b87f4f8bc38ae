import { type DynamicModule, Module } from '@nestjs/common'
import { Database } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { type Logger, Metrics } from '@sallyport/telemetry'

import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import { OwnIdentity } from '../platform/own-identity.ts'
import { HealthController } from './health.controller.ts'
import type { Settings } from './settings.ts'
import { SharedStore } from './shared-store.ts'
import { CLOCK, LOGGER, SETTINGS } from './tokens.ts'

/** What exists before the application does; whoever made it disposes it. */
export interface Runtime {
  readonly settings: Settings
  readonly log: Logger
  readonly clock: Clock
  readonly database: Database
  readonly store: SharedStore
  readonly metrics: Metrics
  readonly secrets: ClusterSecrets
  readonly identity: OwnIdentity
}

/** Gives the rest of the application what was opened before it. */
@Module({})
export class RuntimeModule {
  static of(runtime: Runtime): DynamicModule {
    const providers = [
      { provide: SETTINGS, useValue: runtime.settings },
      { provide: LOGGER, useValue: runtime.log },
      { provide: CLOCK, useValue: runtime.clock },
      { provide: Database, useValue: runtime.database },
      { provide: SharedStore, useValue: runtime.store },
      { provide: Metrics, useValue: runtime.metrics },
      { provide: ClusterSecrets, useValue: runtime.secrets },
      { provide: OwnIdentity, useValue: runtime.identity },
    ]
    return { module: RuntimeModule, global: true, controllers: [HealthController], providers, exports: providers }
  }
}
