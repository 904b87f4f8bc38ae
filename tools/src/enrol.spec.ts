import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json, text } from 'node:stream/consumers'

import { afterEach, beforeEach, expect, it } from 'vitest'

interface Call {
  readonly path: string
  readonly body: unknown
  readonly cookie: string | undefined
}

// A stand-in for the server shows what the user's side sends, and in what order.
const ANSWERS: Record<string, unknown> = {
  '/api/v1/sign-in': { status: 'signed-in', mustChangePassword: true, factors: { required: true, enrolled: [] } },
  '/api/v1/me/totp': { secret: 'GEZDGNBVGY3TQOJQ', uri: 'otpauth://totp/first:admin?secret=GEZDGNBVGY3TQOJQ' },
  '/api/v1/devices': { deviceId: 'd', name: 'laptop', certificate: '', profile: 'client\n' },
}
let calls: Call[]
let server: Server
let directory: string

beforeEach(async () => {
  calls = []
  directory = await mkdtemp(join(tmpdir(), 'sallyport-test-'))
  server = createServer((request, response) => {
    void json(request)
      .catch(() => undefined)
      .then((body) => {
        calls.push({ path: request.url ?? '', body, cookie: request.headers.cookie })
        const answer = ANSWERS[request.url ?? '']
        response.setHeader('set-cookie', 'sallyport_session=s1; HttpOnly')
        response.writeHead(answer === undefined ? 204 : 200, { 'content-type': 'application/json' })
        response.end(answer === undefined ? undefined : JSON.stringify(answer))
      })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  server.close()
  await rm(directory, { recursive: true })
})

function startEnrol(output: string): ChildProcessWithoutNullStreams {
  const address = server.address()
  const url = `http://127.0.0.1:${String(typeof address === 'object' && address ? address.port : 0)}`
  const account = [
    '--server',
    url,
    '--tenant',
    'first',
    '--username',
    'admin',
    '--device',
    'laptop',
    '--output',
    output,
  ]
  const program = ['--conditions=@sallyport/source', new URL('./enrol.ts', import.meta.url).pathname]
  return spawn(process.execPath, [...program, ...account], { stdio: 'pipe' })
}

async function enrol(answers: readonly string[], output: string): Promise<{ code: unknown; stderr: string }> {
  const child = startEnrol(output)
  child.stdin.end(answers.map((line) => `${line}\n`).join(''))
  const [stderr, [code]] = await Promise.all([text(child.stderr), exited(child)])
  return { code, stderr }
}

it('leaves no file behind when it is interrupted at the prompt', async () => {
  const output = join(directory, 'laptop.ovpn')
  const child = startEnrol(output)
  await expect
    .poll(
      () =>
        stat(output).then(
          () => true,
          () => false,
        ),
      { timeout: 10_000 },
    )
    .toBe(true)
  child.kill('SIGINT')
  await exited(child)
  await expect(stat(output)).rejects.toThrow('ENOENT')
})

it('refuses to overwrite a file, before it asks for anything', async () => {
  const output = join(directory, 'mine.ovpn')
  await writeFile(output, 'precious')
  const { code, stderr } = await enrol(['one-time'], output)
  expect(code).toBe(1)
  expect(stderr).toContain('exists and is not overwritten')
  expect(await readFile(output, 'utf8')).toBe('precious')
  expect(calls).toEqual([])
})

it('asks again when the new passwords differ; without an answer it changes nothing and leaves no file', async () => {
  const output = join(directory, 'admin.ovpn')
  const { code, stderr } = await enrol(['one-time', 'new password 1', 'new password 2'], output)
  expect(code).toBe(1)
  expect(stderr).toContain('the two differ')
  expect(calls.map(({ path }) => path)).toEqual(['/api/v1/sign-in'])
  await expect(stat(output)).rejects.toThrow('ENOENT')
})

it('changes the one-time password, enrols the second factor, and writes a profile whose key was never sent', async () => {
  const output = join(directory, 'admin.ovpn')
  const { code, stderr } = await enrol(['one-time', 'my own words', 'my own words', '123456'], output)
  expect(stderr).toContain('otpauth://totp/first:admin')
  expect(code).toBe(0)
  expect(calls.slice(0, 4)).toMatchObject([
    { path: '/api/v1/sign-in', body: { tenant: 'first', username: 'admin', password: 'one-time' }, cookie: undefined },
    { path: '/api/v1/me/password', body: { newPassword: 'my own words' }, cookie: 'sallyport_session=s1' },
    { path: '/api/v1/me/totp' },
    { path: '/api/v1/me/totp/confirm', body: { code: '123456' } },
  ])
  const profile = await readFile(output, 'utf8')
  expect((await stat(output)).mode & 0o777).toBe(0o600)
  expect(profile).toMatch(/^client\n<key>\n-----BEGIN PRIVATE KEY-----\n[^<]+-----END PRIVATE KEY-----\n<\/key>\n$/)
  const key = /-----BEGIN PRIVATE KEY-----\n([^-]+)/.exec(profile)?.[1] ?? 'none'
  expect(JSON.stringify(calls)).toContain('BEGIN CERTIFICATE REQUEST')
  expect(JSON.stringify(calls)).not.toContain(key.slice(0, 40))
})

function exited(child: ChildProcess): Promise<unknown[]> {
  return once(child, 'exit')
}
