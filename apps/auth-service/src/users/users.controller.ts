import { Body, Controller, Delete, Get, Header, Inject, Param, Patch, Post, Query, Req } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import type { Page } from '../http/page.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { PortalSessions } from '../sign-in/portal-sessions.ts'
import { UserErasure } from './user-erasure.ts'
import {
  type ChangeUserRequest,
  changeUserRequest,
  type CreatedUser,
  createdUser,
  type CreateUserRequest,
  createUserRequest,
  type ListUsersQuery,
  listUsersQuery,
  userPage,
  type UserView,
  userView,
} from './users.schemas.ts'
import { UsersService } from './users.service.ts'

@ApiTags('users')
@Controller('api/v1/users')
@Access('users.write')
export class UsersController {
  readonly #users: UsersService
  readonly #erasure: UserErasure
  readonly #sessions: PortalSessions

  constructor(
    @Inject(UsersService) users: UsersService,
    @Inject(UserErasure) erasure: UserErasure,
    @Inject(PortalSessions) sessions: PortalSessions,
  ) {
    this.#users = users
    this.#erasure = erasure
    this.#sessions = sessions
  }

  @Get()
  @Access('users.read')
  @Contract({ summary: 'Lists the users of the tenant by name', response: userPage })
  list(
    @CurrentActor() actor: Actor,
    @Query(new ZodValidationPipe(listUsersQuery)) query: ListUsersQuery,
  ): Promise<Page<UserView>> {
    return this.#users.list(actor, query)
  }

  @Get(':id')
  @Access('users.read')
  @Contract({ summary: 'Shows a user', response: userView })
  get(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<UserView> {
    return this.#users.get(actor, id)
  }

  @Post()
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Creates a user with a one-time password, or invites one by a link',
    description:
      'The password or the link is answered this once. A link is also mailed where the user has an address. A role ' +
      'other than user needs a sign-in of the last five minutes.',
    body: createUserRequest,
    status: 201,
    response: createdUser,
  })
  create(
    @CurrentActor() actor: Actor,
    @Body(new ZodValidationPipe(createUserRequest)) user: CreateUserRequest,
    @Req() request: FastifyRequest,
  ): Promise<CreatedUser> {
    if (user.role !== 'user') this.#sessions.demandRecentOfSession(request)
    return this.#users.create(actor, user)
  }

  @Patch(':id')
  @Contract({
    summary: 'Changes a user; what is not given stays',
    description:
      'A disabled user is signed out everywhere and their connections end within a second. Another role or address ' +
      'needs a sign-in of the last five minutes.',
    body: changeUserRequest,
    response: userView,
  })
  change(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(changeUserRequest)) change: ChangeUserRequest,
    @Req() request: FastifyRequest,
  ): Promise<UserView> {
    // An address is where links for passwords go.
    if (change.role !== undefined || change.email !== undefined) this.#sessions.demandRecentOfSession(request)
    return this.#users.change(actor, id, change)
  }

  @Delete(':id')
  @Access('users.write', { recent: true })
  @Contract({
    summary: 'Deletes a user and erases what is known of them',
    description:
      'Devices, connections, factors, links, tokens and the details of audit entries go in one transaction; live ' +
      'connections end within a second. The audit log keeps what happened, under the id.',
    status: 204,
  })
  erase(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#erasure.erase(actor, id)
  }
}
