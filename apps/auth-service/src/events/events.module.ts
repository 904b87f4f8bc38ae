import { Module } from '@nestjs/common'

import { SignInModule } from '../sign-in/sign-in.module.ts'
import { ChangeNews } from './change-news.ts'
import { ChangesModule } from './changes.module.ts'
import { EventWatch } from './event-watch.ts'
import { EventsController } from './events.controller.ts'
import { EventsService } from './events.service.ts'
import { SessionJudge } from './session-judge.ts'

/** Tells pages that something changed. */
@Module({
  imports: [ChangesModule, SignInModule],
  controllers: [EventsController],
  providers: [ChangeNews, EventWatch, EventsService, SessionJudge],
})
export class EventsModule {}
