import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { createdUser, createUserRequest } from '../users/users.schemas.ts'

export const createOperatorRequest = createUserRequest.omit({ role: true, groupIds: true })
export type CreateOperatorRequest = z.infer<typeof createOperatorRequest>

export const createdOperator = createdUser.extend({
  tenantId: uuid,
  tenant: z.string().describe('short name of the tenant that operators sign in to'),
})
export type CreatedOperator = z.infer<typeof createdOperator>
