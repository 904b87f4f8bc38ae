import type { JSX } from 'react'

import { classNames } from './class-names.ts'
import styles from './meter.module.css'

interface MeterProps {
  readonly label: string
  readonly value: number
  readonly max: number
  /** The figures in words, for example «12 of 254». */
  readonly text: string
  /** Shares of the maximum from which on it warns; not given for what is good when it is full. */
  readonly warnFrom?: number
  readonly alarmFrom?: number
}

/** Shows how much of something is used, or done. */
export function Meter({ label, value, max, text, warnFrom = 2, alarmFrom = 2 }: MeterProps): JSX.Element {
  const share = max === 0 ? 0 : Math.min(1, value / max)
  return (
    <div className={styles.meter}>
      <div className={styles.head}>
        <span>{label}</span>
        <span>{text}</span>
      </div>
      <div
        className={styles.track}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={max}
        aria-valuenow={value}
        aria-valuetext={text}
      >
        <div
          className={classNames(styles.fill, share >= warnFrom && styles.warning, share >= alarmFrom && styles.danger)}
          style={{ transform: `scaleX(${String(share)})` }}
        />
      </div>
    </div>
  )
}
