import { useFormatter } from 'use-intl'

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const
const STEP = 1000

/** Splits a count of bytes into a number below 1000 and its decimal unit (SI, as `Intl.NumberFormat` names it). */
export function scaleBytes(bytes: bigint): { value: number; unit: (typeof UNITS)[number] } {
  let value = Number(bytes)
  let index = 0
  for (; value >= STEP && index < UNITS.length - 1; index += 1) value /= STEP
  return { value, unit: UNITS[index] ?? 'byte' }
}

/** Gives the function that writes a count of bytes, given in decimal digits, for people. */
export function useBytes(): (digits: string) => string {
  const format = useFormatter()
  return (digits) => {
    const { value, unit } = scaleBytes(BigInt(digits))
    const maximumFractionDigits = value < 10 && unit !== 'byte' ? 1 : 0
    return format.number(value, {
      style: 'unit',
      unit,
      unitDisplay: unit === 'byte' ? 'long' : 'short',
      maximumFractionDigits,
    })
  }
}
