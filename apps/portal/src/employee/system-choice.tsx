import { AppWindow, Laptop, type LucideIcon, MonitorSmartphone, Router, Smartphone, Terminal } from 'lucide-react'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { type System, SYSTEMS } from './client-system.ts'
import styles from './employee.module.css'

const ICONS: Readonly<Record<System, LucideIcon>> = {
  windows: AppWindow,
  macos: Laptop,
  linux: Terminal,
  android: Smartphone,
  ios: Smartphone,
  chromeos: MonitorSmartphone,
  other: Router,
}

interface SystemChoiceProps {
  readonly system: System
  /** What this browser runs on. */
  readonly present: System
  readonly onChoose: (system: System) => void
}

/** Asks which system the device has. */
export function SystemChoice({ system, present, onChoose }: SystemChoiceProps): JSX.Element {
  const t = useTranslations('employee')
  return (
    <fieldset className={styles.tiles}>
      <legend>{t('add.system')}</legend>
      {SYSTEMS.map((name) => {
        const Icon = ICONS[name]
        return (
          <label key={name} className={styles.tile}>
            <input
              type="radio"
              name="system"
              value={name}
              checked={name === system}
              onChange={() => {
                onChoose(name)
              }}
            />
            <Icon size={28} aria-hidden="true" />
            <span className={styles.tileName}>{t(`systems.${name}`)}</span>
            {name === present && name !== 'other' ? <span className={styles.tileNote}>{t('add.thisOne')}</span> : null}
          </label>
        )
      })}
    </fieldset>
  )
}
