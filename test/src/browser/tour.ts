import type { Page } from 'playwright-core'

import { giveName, givePassword } from './portal.ts'
import type { Furnished, Person } from './tour-data.ts'

/** Whose browser a page is looked at with. */
export type Role = 'visitor' | 'beginner' | 'newcomer' | 'employee' | 'administrator' | 'operator'

/** A page as somebody sees it. */
export interface TourPage {
  /** `<area>-<page>`, also the name of its picture. */
  readonly name: string
  readonly role: Role
  readonly address: string | ((furnished: Furnished) => string | Promise<string>)
  /** The page's heading, which is there when the page is. */
  readonly heading: string | RegExp
  /** Brings the page into the state that is looked at. */
  readonly prepare?: (page: Page, furnished: Furnished) => Promise<void>
}

const ENTRY: readonly TourPage[] = [
  { name: 'entry-sign-in', role: 'visitor', address: '/sign-in', heading: 'Sign in' },
  {
    name: 'entry-wrong-password',
    role: 'visitor',
    address: '/sign-in',
    heading: 'Sign in',
    prepare: async (page, { employee }) => {
      await giveName(page, employee.tenant, employee.username)
      await givePassword(page, { ...employee, password: 'not the password', totp: undefined })
      await page.getByText('is not right. Please type').waitFor()
    },
  },
  { name: 'entry-second-factor', role: 'visitor', address: '/sign-in', heading: 'Sign in', prepare: askForFactor },
  { name: 'entry-forgot-password', role: 'visitor', address: '/forgot-password', heading: 'Forgot your password?' },
  { name: 'entry-invitation', role: 'visitor', address: ({ links }) => links.invitation, heading: 'Welcome' },
  { name: 'entry-used-link', role: 'visitor', address: ({ links }) => links.used, heading: /./ },
  { name: 'entry-profile-link', role: 'visitor', address: ({ links }) => links.profile, heading: 'Your VPN profile' },
  { name: 'entry-change-password', role: 'beginner', address: '/', heading: 'Choose a password' },
  { name: 'entry-enrol', role: 'newcomer', address: '/', heading: 'Set up your second factor' },
  {
    name: 'entry-enrol-app',
    role: 'newcomer',
    address: '/enrol',
    heading: 'Set up your second factor',
    prepare: async (page) => {
      await page.getByRole('button', { name: /^Authenticator app/ }).click()
      await page.getByLabel('The code that the app shows now').waitFor()
    },
  },
  {
    name: 'entry-enrol-passkey',
    role: 'newcomer',
    address: '/enrol',
    heading: 'Set up your second factor',
    prepare: async (page) => {
      await page.getByRole('button', { name: /^Passkey/ }).click()
      await page.getByLabel('Name of the passkey').waitFor()
    },
  },
  {
    name: 'entry-recovery-codes',
    role: 'employee',
    address: '/enrol',
    heading: 'Keep your recovery codes',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Show recovery codes' }).click()
      await page.getByLabel('I have kept them in a safe place').waitFor()
    },
  },
  {
    name: 'entry-connect',
    role: 'employee',
    address: ({ wait }) => wait(),
    heading: 'Let this device into the VPN?',
    prepare: (page) => page.getByRole('button', { name: 'Yes, connect' }).waitFor(),
  },
  {
    name: 'entry-connect-sign-in',
    role: 'visitor',
    address: ({ wait }) => wait(),
    heading: 'Let this device into the VPN?',
    prepare: (page) => page.getByLabel('Password', { exact: true }).waitFor(),
  },
  {
    name: 'entry-connect-other-user',
    role: 'administrator',
    address: ({ wait }) => wait(),
    heading: 'Let this device into the VPN?',
    prepare: (page) => page.getByText('You are signed in as').waitFor(),
  },
  {
    name: 'entry-connect-expired',
    role: 'visitor',
    address: '/connect/none',
    heading: 'Let this device into the VPN?',
  },
]

const EMPLOYEE: readonly TourPage[] = [
  { name: 'employee-home', role: 'employee', address: '/', heading: 'Hello, Ada Moreau' },
  { name: 'employee-devices', role: 'employee', address: '/devices', heading: 'My devices' },
  { name: 'employee-devices-removed', role: 'employee', address: '/devices?state=revoked', heading: 'My devices' },
  {
    name: 'employee-device-removal',
    role: 'employee',
    address: '/devices',
    heading: 'My devices',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Remove', exact: true }).first().click()
      await page.getByRole('alertdialog').waitFor()
    },
  },
  { name: 'employee-add-device', role: 'employee', address: '/devices/add', heading: 'Add a device' },
  {
    name: 'employee-add-device-phone',
    role: 'employee',
    address: '/devices/add',
    heading: 'Add a device',
    prepare: async (page) => {
      await page.getByLabel('Android').check()
      await page.getByRole('button', { name: 'Make the link' }).click()
      await page.getByRole('img', { name: /QR code/ }).waitFor()
    },
  },
  {
    name: 'employee-device-added',
    role: 'employee',
    address: '/devices/add',
    heading: 'Add a device',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Make the profile' }).click()
      await page.getByRole('heading', { level: 1, name: /is added/ }).waitFor()
    },
  },
  { name: 'employee-connections', role: 'employee', address: '/connections', heading: 'My connections' },
  { name: 'employee-security', role: 'employee', address: '/security', heading: 'Account and security' },
  { name: 'employee-first-steps', role: 'administrator', address: '/', heading: /^Hello/ },
  { name: 'employee-not-found', role: 'employee', address: '/nothing/here', heading: /./ },
]

const ADMINISTRATION: readonly TourPage[] = [
  { name: 'admin-overview', role: 'administrator', address: '/admin', heading: 'Overview' },
  { name: 'admin-overview-week', role: 'administrator', address: '/admin?range=week', heading: 'Overview' },
  { name: 'admin-users', role: 'administrator', address: '/admin/users', heading: 'Users' },
  { name: 'admin-users-none-found', role: 'administrator', address: '/admin/users?search=xyzzy', heading: 'Users' },
  {
    name: 'admin-user-new',
    role: 'administrator',
    address: '/admin/users',
    heading: 'Users',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Add a user' }).click()
      await page.getByRole('dialog').getByLabel('User name').waitFor()
    },
  },
  {
    name: 'admin-user',
    role: 'administrator',
    address: ({ ids }) => `/admin/users/${ids.user}`,
    heading: 'Ada Moreau',
  },
  { name: 'admin-import', role: 'administrator', address: '/admin/users/import', heading: 'Import users' },
  { name: 'admin-groups', role: 'administrator', address: '/admin/groups', heading: 'Groups' },
  {
    name: 'admin-group',
    role: 'administrator',
    address: ({ ids }) => `/admin/groups/${ids.group}`,
    heading: 'Contractors',
  },
  { name: 'admin-policy', role: 'administrator', address: '/admin/policy', heading: 'MFA policy' },
  {
    name: 'admin-policy-group',
    role: 'administrator',
    address: ({ ids }) => `/admin/policy?group=${ids.group}`,
    heading: 'MFA policy',
  },
  {
    name: 'admin-policy-changed',
    role: 'administrator',
    address: '/admin/policy',
    heading: 'MFA policy',
    prepare: async (page) => {
      await page.getByRole('group', { name: 'Second factor' }).getByLabel('Asked of nobody').check()
      await page.getByText('Changes', { exact: true }).first().waitFor()
    },
  },
  { name: 'admin-devices', role: 'administrator', address: '/admin/devices', heading: 'All devices' },
  { name: 'admin-connections', role: 'administrator', address: '/admin/connections', heading: 'All connections' },
  {
    name: 'admin-connection',
    role: 'administrator',
    address: '/admin/connections',
    heading: 'All connections',
    prepare: async (page) => {
      await page
        .getByRole('button', { name: /^Connection of/ })
        .first()
        .click()
      await page.getByRole('dialog').waitFor()
    },
  },
  { name: 'admin-audit', role: 'administrator', address: '/admin/audit', heading: 'Audit log' },
  { name: 'admin-settings', role: 'administrator', address: '/admin/settings', heading: 'VPN settings' },
  { name: 'admin-branding', role: 'administrator', address: '/admin/settings/branding', heading: 'Branding' },
  {
    name: 'admin-authorities',
    role: 'administrator',
    address: '/admin/settings/authorities',
    heading: 'Certificate authorities',
  },
  { name: 'admin-networks', role: 'administrator', address: '/admin/settings/networks', heading: 'Networks' },
  {
    name: 'admin-network',
    role: 'administrator',
    address: '/admin/settings/networks',
    heading: 'Networks',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Edit shipyard' }).click()
      await page.getByRole('dialog').waitFor()
    },
  },
  { name: 'admin-webhooks', role: 'administrator', address: '/admin/settings/webhooks', heading: 'Webhooks' },
  { name: 'admin-api-tokens', role: 'administrator', address: '/admin/settings/api-tokens', heading: 'API tokens' },
]

const PLATFORM: readonly TourPage[] = [
  { name: 'platform-overview', role: 'operator', address: '/platform', heading: 'Platform overview' },
  { name: 'platform-tenants', role: 'operator', address: '/platform/tenants', heading: 'Tenants' },
  {
    name: 'platform-tenant-new',
    role: 'operator',
    address: '/platform/tenants',
    heading: 'Tenants',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Create a tenant' }).click()
      await page.getByRole('dialog').waitFor()
    },
  },
  { name: 'platform-nodes', role: 'operator', address: '/platform/nodes', heading: 'Nodes' },
  { name: 'platform-pools', role: 'operator', address: '/platform/pools', heading: 'Address pools' },
]

/** Every page, and what opens over it where that is a page of its own. */
export const TOUR: readonly TourPage[] = [...ENTRY, ...EMPLOYEE, ...ADMINISTRATION, ...PLATFORM]

/** The person of a role; nobody for the visitor. */
export function personOf(furnished: Furnished, role: Role): Person | undefined {
  return role === 'visitor' ? undefined : furnished[role]
}

async function askForFactor(page: Page, { employee }: Furnished): Promise<void> {
  await giveName(page, employee.tenant, employee.username)
  await givePassword(page, { ...employee, totp: undefined })
  await page.getByLabel('Code of your authenticator app').waitFor()
}
