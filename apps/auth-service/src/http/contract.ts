import { applyDecorators, HttpCode, SetMetadata } from '@nestjs/common'
import type { z } from 'zod'

/** What the OpenAPI document says about an operation. Path and query come from its parameters and their pipes. */
export interface OperationContract {
  /** One line. */
  readonly summary: string
  /** What the line does not say: limits, side effects, what the caller has to do next. */
  readonly description?: string
  /** Only for a body that no pipe validates. */
  readonly body?: z.ZodType
  readonly status?: number
  readonly response?: z.ZodType
  /** Content types other than JSON. */
  readonly consumes?: string
  readonly produces?: string
  /** Where the schemas alone give no believable example. They are checked against the schemas. */
  readonly examples?: { readonly body?: unknown; readonly response?: unknown }
}

/** Name of the metadata that `Contract` sets. */
export const CONTRACT_KEY = 'sallyport:contract'

/** Documents an operation from its zod schemas and sets the status of its success. */
export function Contract(contract: OperationContract): MethodDecorator {
  return applyDecorators(HttpCode(contract.status ?? 200), SetMetadata(CONTRACT_KEY, contract))
}
