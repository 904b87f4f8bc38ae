import { expect, it } from 'vitest'

import { isNavigation, isPreview } from './preview.ts'

it.each([
  { purpose: 'prefetch' },
  { 'sec-purpose': 'prefetch;prerender' },
  { 'x-purpose': 'preview' },
  { 'x-moz': 'prefetch' },
  { 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' },
  { 'user-agent': 'WhatsApp/2.23.20.0' },
  { 'user-agent': 'TelegramBot (like TwitterBot)' },
  { 'user-agent': 'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)' },
  { 'user-agent': 'facebookexternalhit/1.1' },
  { 'user-agent': 'Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com' },
])('takes a request with %j for one that only looks at the link', (headers) => {
  expect(isPreview(headers)).toBe(true)
})

it.each([
  {},
  { 'user-agent': 'OpenVPN/3.8 CFNetwork/1410 Darwin/22.6.0' },
  { 'user-agent': 'ovpnagent' },
  { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0' },
  { 'user-agent': 'Mozilla/5.0 (Linux; Android 10; CUBOT) AppleWebKit/537.36' },
  { 'user-agent': 'curl/8.9.1', purpose: 'import' },
])('takes a request with %j for one of the person whose link it is', (headers) => {
  expect(isPreview(headers)).toBe(false)
})

it('knows a person who opens a link in a browser from a program that fetches what is behind it', () => {
  expect(isNavigation({ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' })).toBe(
    true,
  )
  for (const headers of [
    {},
    { accept: 'text/html', 'user-agent': 'Mozilla/5.0' },
    { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
    { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'empty' },
  ])
    expect(isNavigation(headers)).toBe(false)
})
