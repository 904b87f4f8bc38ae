import { z } from 'zod'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200
const MAX_SEARCH_CHARACTERS = 100
const MAX_CURSOR_CHARACTERS = 1024

type Cursor<Position extends z.ZodType> = z.ZodPipe<z.ZodString, z.ZodTransform<z.infer<Position>, string>>

/** The query of a list; `after` is read into the position that the list continues after. */
export type PageQuery<Position extends z.ZodType> = z.ZodObject<
  {
    search: z.ZodOptional<z.ZodString>
    limit: z.ZodDefault<z.ZodCoercedNumber>
    after: z.ZodOptional<Cursor<Position>>
  },
  z.core.$strict
>

/** A part of a list, with the cursor of the next one. */
export interface Page<Item> {
  readonly items: readonly Item[]
  /** What to send as `after` for what follows; null at the end. */
  readonly next: string | null
}

/**
 * Builds the query of a list that continues after a position: what its rows are sorted by, for example
 * `z.tuple([z.iso.datetime(), uuid])`. Add filters with `.extend({…})`; parameters that nobody knows are refused.
 */
export function pageQueryOf<Position extends z.ZodType>(position: Position): PageQuery<Position> {
  return z.strictObject({
    search: z.string().trim().max(MAX_SEARCH_CHARACTERS).optional().describe('a part of what the list shows'),
    limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT).describe('how many to answer at most'),
    after: cursorOf(position).optional().describe('the `next` of the answer that came before'),
  })
}

/** Query of a list whose rows are sorted by one text. */
export const pageQuery = pageQueryOf(z.string())

/** Builds the answer of a list. */
export function pageView<Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; next: z.ZodNullable<z.ZodString> }> {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe('send it as `after` for what follows; null at the end'),
  })
}

/**
 * Cuts rows into an answer. Read one row more than `limit`: it only tells that there is more. The position of a row
 * must read back by the schema that `pageQueryOf` was given.
 */
export function pageOf<Item>(rows: readonly Item[], limit: number, positionOf: (row: Item) => unknown): Page<Item> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const next = rows.length > limit && last !== undefined ? writeCursor(positionOf(last)) : null
  return { items, next }
}

/** Gives the same page with other items, for example views in the place of rows. */
export function mapPage<From, To>({ items, next }: Page<From>, map: (item: From) => To): Page<To> {
  return { items: items.map(map), next }
}

/** Writes the cursor of a position, for a list that `pageOf` cannot cut. */
export function writeCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

function cursorOf<Position extends z.ZodType>(position: Position): Cursor<Position> {
  return z
    .string()
    .max(MAX_CURSOR_CHARACTERS)
    .transform((text, context): z.infer<Position> => {
      const read = position.safeParse(readCursor(text))
      if (read.success) return read.data
      context.addIssue({ code: 'custom', message: 'must be the `next` of an earlier answer to the same question' })
      return z.NEVER
    })
}

function readCursor(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return undefined
  }
}
