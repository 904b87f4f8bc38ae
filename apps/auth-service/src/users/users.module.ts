import { Module } from '@nestjs/common'

import { UsersRepository } from './users.repository.ts'

/** The users of tenants, for whoever has to know one. */
@Module({ providers: [UsersRepository], exports: [UsersRepository] })
export class UsersModule {}
