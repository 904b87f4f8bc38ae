import { answerOf, type operations } from '@sallyport/api-client'

import { api } from '../../api/api.ts'

type Change = operations['webhooksChange']['requestBody']['content']['application/json']
type Changed = operations['webhooksChange']['responses'][200]['content']['application/json']
type Created = operations['webhooksCreate']['responses'][201]['content']['application/json']
/** What became of an event that did not happen. */
export type TestResult = operations['webhooksTest']['responses'][200]['content']['application/json']

const at = (id: string) => ({ params: { path: { id } } })

/** Makes a webhook; the answer has its secret, this once. */
export function createWebhook(url: string, actions: string[]): Promise<Created> {
  return answerOf(api.POST('/api/v1/webhooks', { body: { url, actions } }))
}

/** Changes what is given of a webhook. */
export function changeWebhook(id: string, body: Change): Promise<Changed> {
  return answerOf(api.PATCH('/api/v1/webhooks/{id}', { ...at(id), body }))
}

/** Deletes a webhook. */
export function deleteWebhook(id: string): Promise<unknown> {
  return answerOf(api.DELETE('/api/v1/webhooks/{id}', at(id)))
}

/** Sends an event that did not happen. */
export function testWebhook(id: string): Promise<TestResult> {
  return answerOf(api.POST('/api/v1/webhooks/{id}/test', at(id)))
}
