import { Module } from '@nestjs/common'

import { SignInModule } from '../sign-in/sign-in.module.ts'
import { ChallengeStore } from './challenge-store.ts'
import { Challenges } from './challenges.ts'

/** Dialogues with clients that are about to connect. */
@Module({ imports: [SignInModule], providers: [Challenges, ChallengeStore], exports: [Challenges, ChallengeStore] })
export class ChallengesModule {}
