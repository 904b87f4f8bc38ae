export { answerOf, type ApiClient, type ApiClientOptions, createApiClient, refusalOf } from './api-client.ts'
export { ApiRefusedError, ApiUnreachableError, type FieldIssue } from './api-error.ts'
export type { operations, paths } from './generated/api.ts'
export { SessionCookie } from './session-cookie.ts'
