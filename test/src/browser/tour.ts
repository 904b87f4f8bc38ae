import type { Page } from 'playwright-core'

import type { Furnished, Person } from './tour-data.ts'
import type { Say } from './tour-wording.ts'

/** Whose browser a page is looked at with. */
export type Role = 'visitor' | 'beginner' | 'newcomer' | 'employee' | 'administrator' | 'operator'

/** A page as somebody sees it. */
export interface TourPage {
  /** `<area>-<page>`, also the name of its picture. */
  readonly name: string
  readonly role: Role
  readonly address: string | ((furnished: Furnished) => string | Promise<string>)
  /** The page's heading in English, which is there when the page is. */
  readonly heading: string | RegExp
  /** What is asked for by `prepare` comes from the service, when it comes: that it then moves the page is no surprise. */
  readonly isAnswered?: true
  /** Brings the page into the state that is looked at; `say` finds what is written there in any language. */
  readonly prepare?: (page: Page, say: Say, furnished: Furnished) => Promise<void>
}

/** Each row has a problem of its own. */
const BAD_FILE = {
  name: 'people.csv',
  mimeType: 'text/csv',
  buffer: Buffer.from(
    [
      'username,email,displayName,role,groups',
      'admin,,,,',
      'one,,,king,',
      'two,,,,Nobody',
      '=1,,,,',
      'a b,,,,',
      'c',
    ].join('\n'),
  ),
}

const ENTRY: readonly TourPage[] = [
  { name: 'entry-sign-in', role: 'visitor', address: '/sign-in', heading: 'Sign in' },
  {
    name: 'entry-wrong-password',
    role: 'visitor',
    address: '/sign-in',
    heading: 'Sign in',
    prepare: async (page, say, { employee }) => {
      await givePassword(page, say, { ...employee, password: 'not the password' })
      await page.getByText(say('Organisation, user name or password is not right. Please type them again.')).waitFor()
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
    prepare: async (page, say) => {
      await page
        .getByRole('button')
        .filter({ has: page.getByText(say('Authenticator app')) })
        .click()
      await page.getByLabel(say('The code that the app shows now')).waitFor()
    },
  },
  {
    name: 'entry-enrol-passkey',
    role: 'newcomer',
    address: '/enrol',
    heading: 'Set up your second factor',
    prepare: async (page, say) => {
      await page
        .getByRole('button')
        .filter({ has: page.getByText(say('Passkey')) })
        .click()
      await page.getByLabel(say('Name of the passkey')).waitFor()
    },
  },
  {
    name: 'entry-recovery-codes',
    role: 'employee',
    address: '/enrol',
    heading: 'Keep your recovery codes',
    isAnswered: true,
    prepare: async (page, say) => {
      await page.getByRole('button', { name: say('Make new codes') }).click()
      await page.getByLabel(say('I have kept them in a safe place')).waitFor()
    },
  },
  {
    name: 'entry-connect',
    role: 'employee',
    address: ({ wait }) => wait(),
    heading: 'Let this device into the VPN?',
    prepare: (page, say) => page.getByRole('button', { name: say('Yes, connect') }).waitFor(),
  },
  {
    name: 'entry-connect-sign-in',
    role: 'visitor',
    address: ({ wait }) => wait(),
    heading: 'Let this device into the VPN?',
    prepare: (page, say) => page.getByLabel(say('Password')).waitFor(),
  },
  {
    name: 'entry-connect-other-user',
    role: 'administrator',
    address: ({ wait }) => wait(),
    heading: 'Let this device into the VPN?',
    prepare: (page, say) =>
      page.getByText(say('You are signed in as {present}, but the connection belongs to {username}.')).waitFor(),
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
    prepare: async (page, say) => {
      await page
        .getByRole('button', { name: say('Remove') })
        .first()
        .click()
      await page.getByRole('alertdialog').waitFor()
    },
  },
  { name: 'employee-add-device', role: 'employee', address: '/devices/add', heading: 'Add a device' },
  {
    name: 'employee-add-device-phone',
    role: 'employee',
    address: '/devices/add',
    heading: 'Add a device',
    prepare: async (page, say) => {
      await page.getByLabel('Android').check()
      await page.getByLabel(say('Name of the device')).fill('Harbour pilot')
      await page.getByRole('button', { name: say('Make the link') }).click()
      await page.getByRole('img', { name: say('QR code with the link to your profile') }).waitFor()
    },
  },
  {
    name: 'employee-device-added',
    role: 'employee',
    address: '/devices/add',
    heading: 'Add a device',
    prepare: async (page, say) => {
      await page.getByLabel(say('Name of the device')).fill('Chart room')
      await page.getByRole('button', { name: say('Make the profile') }).click()
      await page.getByRole('heading', { level: 1, name: say('“{name}” is added') }).waitFor()
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
    prepare: async (page, say) => {
      await page.getByRole('button', { name: say('Add a user') }).click()
      await page.getByRole('dialog').getByLabel(say('User name')).waitFor()
    },
  },
  {
    name: 'admin-user',
    role: 'administrator',
    address: ({ ids }) => `/admin/users/${ids.user}`,
    heading: 'Ada Moreau',
  },
  { name: 'admin-import', role: 'administrator', address: '/admin/users/import', heading: 'Import users' },
  {
    name: 'admin-import-problems',
    role: 'administrator',
    address: '/admin/users/import',
    heading: 'Import users',
    prepare: async (page, say) => {
      await page.getByLabel(say('Choose the file')).setInputFiles(BAD_FILE)
      await page.getByRole('heading', { name: say('The file cannot be imported') }).waitFor()
    },
  },
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
    prepare: async (page, say) => {
      const rule = page.getByRole('group', { name: say('Second factor') })
      await rule.getByText(say('Asked of nobody')).click()
      await page.getByText(say('Changes')).first().waitFor()
    },
  },
  { name: 'admin-devices', role: 'administrator', address: '/admin/devices', heading: 'All devices' },
  { name: 'admin-connections', role: 'administrator', address: '/admin/connections', heading: 'All connections' },
  {
    name: 'admin-connection',
    role: 'administrator',
    address: '/admin/connections',
    heading: 'All connections',
    prepare: async (page, say) => {
      await page
        .getByRole('button', { name: say('Connection of {user} with {device}') })
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
    prepare: async (page, say) => {
      await page.getByRole('button', { name: say('Edit shipyard') }).click()
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
    prepare: async (page, say) => {
      await page.getByRole('button', { name: say('Create a tenant') }).click()
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

async function askForFactor(page: Page, say: Say, { employee }: Furnished): Promise<void> {
  await givePassword(page, say, employee)
  await page.getByLabel(say('Code of your authenticator app')).waitFor()
}

async function givePassword(page: Page, say: Say, { tenant, username, password }: Person): Promise<void> {
  const other = page.getByRole('button', { name: say('Another organisation') })
  const organisation = page.getByLabel(say('Organisation'))
  await other.or(organisation).first().waitFor()
  if (await other.isVisible()) await other.click()
  await organisation.fill(tenant)
  await page.getByLabel(say('User name')).fill(username)
  await page.getByLabel(say('Password')).fill(password)
  await page.getByRole('button', { name: say('Sign in') }).click()
}
