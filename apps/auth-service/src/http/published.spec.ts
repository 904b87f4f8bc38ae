import 'reflect-metadata'

import { fileURLToPath } from 'node:url'

import { format, resolveConfig } from 'prettier'
import { expect, it } from 'vitest'

import { FEATURES } from '../app.module.ts'
import { openApiOf } from './openapi.ts'
import { permissionsPage } from './permissions-page.ts'
import { routesOf } from './routes.ts'

// `npm run openapi` writes these files anew.
const routes = routesOf(FEATURES)
const root = new URL('../../../../', import.meta.url)
const fileOf = (path: string): string => fileURLToPath(new URL(path, root))

it('has published the OpenAPI document as it is', async () => {
  const file = fileOf('libs/api-client/openapi.json')
  const text = await format(JSON.stringify(openApiOf(routes)), { ...(await resolveConfig(file)), parser: 'json' })
  await expect(text).toMatchFileSnapshot(file)
})

it('has published who may call what as it is', async () => {
  await expect(permissionsPage(routes)).toMatchFileSnapshot(fileOf('docs/permissions.md'))
})
