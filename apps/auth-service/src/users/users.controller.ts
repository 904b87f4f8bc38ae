import { Body, Controller, Get, Header, Inject, Param, Patch, Post } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import { z } from 'zod'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type ChangeUserRequest,
  changeUserRequest,
  type CreatedUser,
  createdUser,
  type CreateUserRequest,
  createUserRequest,
  resetPasswordResponse,
  type UserView,
  userView,
} from './users.schemas.ts'
import { UsersService } from './users.service.ts'

@ApiTags('users')
@Controller('api/v1/users')
@Access('users.write')
export class UsersController {
  readonly #users: UsersService

  constructor(@Inject(UsersService) users: UsersService) {
    this.#users = users
  }

  @Get()
  @Access('users.read')
  @Contract({ summary: 'Lists the users of the tenant', response: z.array(userView) })
  list(@CurrentActor() actor: Actor): Promise<UserView[]> {
    return this.#users.list(actor)
  }

  @Post()
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Creates a user with a one-time password',
    body: createUserRequest,
    status: 201,
    response: createdUser,
  })
  create(
    @CurrentActor() actor: Actor,
    @Body(new ZodValidationPipe(createUserRequest)) request: CreateUserRequest,
  ): Promise<CreatedUser> {
    return this.#users.create(actor, request)
  }

  @Patch(':id')
  @Contract({
    summary: 'Disables or enables a user, or decides about the second factor',
    body: changeUserRequest,
    response: userView,
  })
  change(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(changeUserRequest)) request: ChangeUserRequest,
  ): Promise<UserView> {
    return this.#users.change(actor, id, request)
  }

  @Post(':id/reset-password')
  @Header('cache-control', 'no-store')
  @Contract({ summary: 'Gives a user a new one-time password', response: resetPasswordResponse })
  resetPassword(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<{ oneTimePassword: string }> {
    return this.#users.resetPassword(actor, id)
  }

  @Post(':id/reset-totp')
  @Contract({ summary: 'Lets a user enrol another authenticator app', status: 204 })
  resetTotp(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#users.resetTotp(actor, id)
  }
}
