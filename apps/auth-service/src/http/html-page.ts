import { createHash } from 'node:crypto'

const STYLE =
  'body{max-width:26rem;margin:3rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif}' +
  'label,input,button{display:block;width:100%;box-sizing:border-box;font:inherit}' +
  'input{margin:.2rem 0 1rem;padding:.5rem}button{padding:.6rem}[role=alert]{border-left:.25rem solid;padding-left:.75rem}'
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** Headers of every page: no scripts, nothing from elsewhere, and no link of it in anybody's referrer. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  // Without a referrer at all, browsers send no usable Origin with a form either.
  'referrer-policy': 'same-origin',
} as const

/** Writes a page that says one sentence. */
export function sentencePage(title: string, sentence: string): string {
  return htmlPage(title, `<p>${escapeHtml(sentence)}</p>`)
}

/** Writes a page; `content` is markup in which every text was escaped. */
export function htmlPage(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)} – Sallyport</title><style>${STYLE}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
${content}
</main></body>
</html>
`
}

/** Writes text so that it is no markup. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`)
}
