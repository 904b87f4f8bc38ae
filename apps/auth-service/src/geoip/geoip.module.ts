import { Module } from '@nestjs/common'
import type { Logger } from '@sallyport/telemetry'

import type { Settings } from '../runtime/settings.ts'
import { LOGGER, SETTINGS } from '../runtime/tokens.ts'
import { Geoip } from './geoip.ts'

/** Countries of addresses. */
@Module({
  providers: [
    {
      provide: Geoip,
      inject: [SETTINGS, LOGGER],
      useFactory: ({ GEOIP_FILE }: Settings, log: Logger): Promise<Geoip> => Geoip.open(GEOIP_FILE, log),
    },
  ],
  exports: [Geoip],
})
export class GeoipModule {}
