import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { isUniqueViolation, type User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { generateOneTimePassword, hashPassword } from '@sallyport/identity'

import type { Actor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { UsersRepository } from './users.repository.ts'
import type { ChangeUserRequest, CreatedUser, CreateUserRequest, UserView } from './users.schemas.ts'

/** What administrators do with users. */
@Injectable()
export class UsersService {
  readonly #users: UsersRepository
  readonly #orders: OrderHub
  readonly #clock: Clock

  constructor(
    @Inject(UsersRepository) users: UsersRepository,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#users = users
    this.#orders = orders
    this.#clock = clock
  }

  async list({ tenantId }: Actor): Promise<UserView[]> {
    return (await this.#users.list(tenantId)).map(viewOf)
  }

  async create(actor: Actor, { username, role }: CreateUserRequest): Promise<CreatedUser> {
    const oneTimePassword = generateOneTimePassword()
    const id = randomUUID()
    const user = { tenantId: actor.tenantId, id, username, role, passwordHash: await hashPassword(oneTimePassword) }
    try {
      await this.#users.create(user, entryOf(actor, 'user.create', id))
    } catch (error) {
      if (isUniqueViolation(error))
        throw new ApiProblem(409, 'username-taken', `There is a user "${username}" already.`)
      throw error
    }
    return { userId: id, username, oneTimePassword }
  }

  async change(actor: Actor, userId: string, { disabled, totpRequired }: ChangeUserRequest): Promise<UserView> {
    const user = await this.#users.get(actor.tenantId, userId)
    if (disabled === true && userId === actor.userId) {
      throw new ApiProblem(409, 'own-account', 'You cannot disable your own account.')
    }
    const disabledAt = disabled === true ? (user.disabledAt ?? new Date(this.#clock.now())) : null
    const changed = await this.#users.update(
      user,
      {
        ...(disabled === undefined ? {} : { disabledAt, tokenGeneration: user.tokenGeneration + (disabled ? 1 : 0) }),
        ...(totpRequired === undefined ? {} : { totpRequired }),
      },
      entryOf(actor, disabled === undefined ? 'user.change' : disabled ? 'user.disable' : 'user.enable', userId),
    )
    if (disabled === true) {
      this.#orders.publish({ type: 'revoked', tenantId: actor.tenantId, userId, ...ENDINGS.userDisabled })
    }
    return viewOf(changed)
  }

  async resetPassword(actor: Actor, userId: string): Promise<{ oneTimePassword: string }> {
    const user = await this.#users.get(actor.tenantId, userId)
    const oneTimePassword = generateOneTimePassword()
    await this.#users.update(
      user,
      {
        passwordHash: await hashPassword(oneTimePassword),
        oneTimePassword: true,
        tokenGeneration: user.tokenGeneration + 1,
      },
      entryOf(actor, 'user.reset-password', userId),
    )
    return { oneTimePassword }
  }

  async resetTotp(actor: Actor, userId: string): Promise<void> {
    const user = await this.#users.get(actor.tenantId, userId)
    await this.#users.update(
      user,
      { totpSecret: null, totpConfirmedAt: null, tokenGeneration: user.tokenGeneration + 1 },
      entryOf(actor, 'user.reset-totp', userId),
    )
  }
}

function entryOf(actor: Actor, action: string, userId: string): { actor: string; action: string; target: string } {
  return { actor: `user:${actor.userId}`, action, target: `user:${userId}` }
}

function viewOf(user: User): UserView {
  return {
    userId: user.id,
    username: user.username,
    role: user.role === 'administrator' ? 'administrator' : 'user',
    disabled: user.disabledAt !== null,
    mustChangePassword: user.oneTimePassword,
    totp: { required: user.totpRequired, enrolled: user.totpConfirmedAt !== null },
    createdAt: user.createdAt.toISOString(),
  }
}
