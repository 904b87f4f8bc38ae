import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { isUniqueViolation, type User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { generateOneTimePassword, hashPassword } from '@sallyport/identity'

import type { Actor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { type Ending, ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { type UserChange, UsersRepository } from './users.repository.ts'
import {
  type ChangeUserRequest,
  type CreatedUser,
  type CreateUserRequest,
  userRole,
  type UserView,
} from './users.schemas.ts'

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
    const totp = totpRequired === undefined ? {} : { totpRequired }
    if (disabled === true) {
      const disabledAt = user.disabledAt ?? new Date(this.#clock.now())
      return viewOf(await this.#end(actor, user, { disabledAt, ...totp }, 'user.disable', ENDINGS.userDisabled))
    }
    const change = { ...(disabled === undefined ? {} : { disabledAt: null }), ...totp }
    const action = disabled === undefined ? 'user.change' : 'user.enable'
    return viewOf(await this.#users.update(user, change, entryOf(actor, action, userId)))
  }

  async resetPassword(actor: Actor, userId: string): Promise<{ oneTimePassword: string }> {
    const user = await this.#users.get(actor.tenantId, userId)
    const oneTimePassword = generateOneTimePassword()
    const change = { passwordHash: await hashPassword(oneTimePassword), oneTimePassword: true }
    await this.#end(actor, user, change, 'user.reset-password', ENDINGS.passwordReset)
    return { oneTimePassword }
  }

  async resetTotp(actor: Actor, userId: string): Promise<void> {
    const user = await this.#users.get(actor.tenantId, userId)
    const change = { totpSecret: null, totpConfirmedAt: null }
    await this.#end(actor, user, change, 'user.reset-totp', ENDINGS.totpReset)
  }

  /** Changes a user, ends their sessions, and tells the nodes to end their connections. */
  async #end(actor: Actor, user: User, change: UserChange, action: string, ending: Ending): Promise<User> {
    const { tenantId, id: userId } = user
    const now = new Date(this.#clock.now())
    const changed = await this.#users.updateAndEnd(user, change, now, entryOf(actor, action, userId))
    this.#orders.publish({ type: 'revoked', tenantId, userId, ...ending })
    return changed
  }
}

function entryOf(actor: Actor, action: string, userId: string): { actor: string; action: string; target: string } {
  return { actor: actor.auditName, action, target: `user:${userId}` }
}

function viewOf(user: User): UserView {
  return {
    userId: user.id,
    username: user.username,
    role: userRole.parse(user.role),
    disabled: user.disabledAt !== null,
    mustChangePassword: user.oneTimePassword,
    totp: { required: user.totpRequired, enrolled: user.totpConfirmedAt !== null },
    createdAt: user.createdAt.toISOString(),
  }
}
