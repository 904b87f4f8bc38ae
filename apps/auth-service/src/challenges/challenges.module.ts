import { Module } from '@nestjs/common'

import { FactorsModule } from '../factors/factors.module.ts'
import { ChallengeStore } from './challenge-store.ts'
import { Challenges } from './challenges.ts'

/** Dialogues with clients that are about to connect. */
@Module({ imports: [FactorsModule], providers: [Challenges, ChallengeStore], exports: [Challenges, ChallengeStore] })
export class ChallengesModule {}
