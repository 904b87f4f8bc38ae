import { applyDecorators, HttpCode } from '@nestjs/common'
import { ApiBody, ApiOperation, ApiResponse } from '@nestjs/swagger'
import { apiError } from '@sallyport/contracts'
import { z } from 'zod'

/** What the OpenAPI document says about an operation. */
export interface OperationContract {
  readonly summary: string
  readonly body?: z.ZodType
  readonly status?: number
  readonly response?: z.ZodType
}

/** Documents an operation from its zod schemas and sets the status of its success. */
export function Contract({ summary, body, status = 200, response }: OperationContract): MethodDecorator {
  return applyDecorators(
    HttpCode(status),
    ApiOperation({ summary }),
    ApiResponse({
      status,
      description: 'done',
      ...(response === undefined ? {} : { schema: schemaOf(response, 'output') }),
    }),
    ApiResponse({ status: 'default', description: 'refused', schema: schemaOf(apiError, 'output') }),
    ...(body === undefined ? [] : [ApiBody({ schema: schemaOf(body, 'input') })]),
  )
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  return z.toJSONSchema(schema, { target: 'openapi-3.0', io, unrepresentable: 'any' })
}
