import type { BenchResult } from './report.ts'

const BAR_HEIGHT = 18
const GROUP_GAP = 22
const LABEL_WIDTH = 130
const CHART_WIDTH = 520
const VALUE_WIDTH = 150
const TOP = 44
/** Readable on white and on dark pages, and apart for those who do not see colours. */
const COLOURS = { ours: '#1f6feb', peer: '#8c959f' } as const

/** Draws results of one unit as pairs of bars, ours above the peer's, as a stand-alone SVG. */
export function chart(results: readonly BenchResult[], title: string): string {
  const longest = Math.max(...results.flatMap(({ ours, peer }) => [ours, peer]))
  const group = 2 * BAR_HEIGHT + GROUP_GAP
  const height = TOP + results.length * group
  const width = LABEL_WIDTH + CHART_WIDTH + VALUE_WIDTH
  const rows = results.flatMap((result, index) => groupOf(result, TOP + index * group, CHART_WIDTH / longest))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(width)} ${String(height)}" role="img" font-family="sans-serif" font-size="13">`,
    `<title>${escape(title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    text(8, 22, title, 'font-weight="bold"'),
    ...rows,
    '</svg>',
    '',
  ].join('\n')
}

function groupOf({ name, ours, peer, ratio, unit }: BenchResult, top: number, scale: number): string[] {
  const bar = (value: number, y: number, colour: string, label: string): string[] => [
    `<rect x="${String(LABEL_WIDTH)}" y="${String(y)}" width="${(value * scale).toFixed(1)}" height="${String(BAR_HEIGHT - 2)}" fill="${colour}"/>`,
    text(Math.round(LABEL_WIDTH + value * scale) + 6, y + 13, label, ''),
  ]
  return [
    text(8, top + BAR_HEIGHT + 4, name, ''),
    ...bar(ours, top, COLOURS.ours, `${ours.toFixed(2)} ${unit} (${ratio.toFixed(2)})`),
    ...bar(peer, top + BAR_HEIGHT, COLOURS.peer, `openvpn ${peer.toFixed(2)}`),
  ]
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${String(x)}" y="${String(y)}" fill="#1f2328" ${attributes}>${escape(content)}</text>`
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
