import type { IncomingHttpHeaders } from 'node:http'

/** Headers with which browsers and mail programs mark that nobody has asked for the page yet. */
const MARKS = ['purpose', 'sec-purpose', 'x-purpose', 'x-moz'] as const
const MARKED = /\b(?:prefetch|preview|prerender)\b/i
/** What the programs call themselves that look at links in messages. */
const CRAWLER =
  /(?:bot|preview|crawler|spider)\/\d|\b(?:slackbot|telegrambot|facebookexternalhit|facebot|whatsapp|embedly)\b/i

/** Tells whether a request only looks at a link: the person it is for has not opened it. */
export function isPreview(headers: IncomingHttpHeaders): boolean {
  return MARKS.some((name) => MARKED.test(String(headers[name] ?? ''))) || CRAWLER.test(headers['user-agent'] ?? '')
}

/**
 * Tells whether a person opened a link in a browser, rather than a program that fetches what is behind it: only browsers
 * say that they go to a document (Fetch Metadata), and scripts cannot.
 */
export function isNavigation(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-mode'] === 'navigate' || headers['sec-fetch-dest'] === 'document'
}
