import { NotFoundException } from '@nestjs/common'
import { createLogger } from '@sallyport/telemetry'
import { expect, it } from 'vitest'

import { ApiErrorFilter } from './api-error.filter.ts'
import { ApiProblem, notFound, problemDocument } from './api-problem.ts'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

const log = createLogger('test', 'silent')
const filter = new ApiErrorFilter(log, [
  { path: '/api/v1/users/{id}', method: 'get' },
  { path: '/api/v1/users/{id}', method: 'delete' },
])

function answerTo(error: unknown, url = '/api/v1/users/3?x=1') {
  const answer = { status: 0, type: '', headers: {}, body: '' }
  const note = (part: Partial<typeof answer>) => {
    Object.assign(answer, part)
    return reply
  }
  const reply = {
    status: (status: number): unknown => note({ status }),
    headers: (headers: object): unknown => note({ headers }),
    type: (type: string): unknown => note({ type }),
    send: (body: string): unknown => note({ body }),
  }
  const http = { getResponse: () => reply, getRequest: () => ({ url }), getNext: () => undefined }
  const host = { switchToHttp: () => http } as unknown as Parameters<ApiErrorFilter['catch']>[1]
  filter.catch(error, host)
  return { ...answer, document: problemDocument.parse(JSON.parse(answer.body)) }
}

it('answers every refusal with a problem document that keeps code, message and issues', () => {
  const issues = [{ path: 'name', message: 'is empty' }]
  const { status, type, document } = answerTo(new ApiProblem(400, 'bad-request', 'Some fields are not valid.', issues))
  expect([status, type]).toEqual([400, 'application/problem+json'])
  expect(document).toEqual({
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: 'Some fields are not valid.',
    code: 'bad-request',
    message: 'Some fields are not valid.',
    issues,
  })
})

it('names the methods of an address that exists, and the list of addresses for one that does not', () => {
  expect(answerTo(new NotFoundException())).toMatchObject({
    status: 405,
    headers: { allow: 'GET, DELETE' },
    document: { code: 'wrong-method' },
  })
  const unknown = answerTo(new NotFoundException(), '/api/v1/user')
  expect(unknown.document).toMatchObject({
    status: 404,
    code: 'not-found',
    message: matching(/openapi\.json/),
  })
})

it('leaves the 404 of a handler as it is', () => {
  expect(answerTo(notFound('user')).document).toMatchObject({ status: 404, message: 'There is no such user.' })
})

it('tells nobody what broke inside', () => {
  const { status, document } = answerTo(new Error('password of the database is hunter2'))
  expect([status, document.code]).toEqual([500, 'internal-error'])
  expect(JSON.stringify(document)).not.toContain('hunter2')
})

it('passes on what the HTTP server refuses', () => {
  const tooLarge = Object.assign(new Error('x'), { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 })
  expect(answerTo(tooLarge).document).toMatchObject({ status: 413, code: 'too-large' })
})
