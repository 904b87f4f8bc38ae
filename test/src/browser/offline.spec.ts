import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { expectSamePage, markPage, openSession, waitForHeading, waitForShown } from './portal.ts'
import { PortalService } from './portal-service.ts'

const TENANT = 'offline'

const parts = new AsyncDisposableStack()
let service: PortalService

beforeAll(async () => {
  service = parts.use(await PortalService.start(TENANT))
})
afterAll(() => parts.disposeAsync())

describe('a page that was not visited yet', () => {
  it('is not there without a network, which the portal says and gets over', async () => {
    await using visitor = await service.enter()
    const { page, context } = visitor
    await openSession(visitor, TENANT, service.administrator)
    await page.goto('/')
    await waitForHeading(page, /^Hello/)
    await markPage(page)
    const retry = page.getByRole('button', { name: 'Try again' })
    await context.setOffline(true)
    for (const name of ['Devices', 'Users']) {
      await page.getByRole('navigation').getByRole('link', { name, exact: true }).click()
      await page.waitForURL(`**/${name.toLowerCase()}`)
      await waitForShown(page.getByText('nothing was lost'))
      await retry.click()
      await expect.poll(() => retry.getAttribute('aria-disabled')).not.toBe('true')
      await waitForShown(page.getByText('nothing was lost'))
      await expectSamePage(page)
    }
    await context.setOffline(false)
    await retry.click()
    await waitForHeading(page, 'Users')
  })
})
