import { type JSX, useId, useState } from 'react'
import { useTranslations } from 'use-intl'

import { Button } from '../../ui/button.tsx'
import { FileButton } from '../../ui/file-button.tsx'
import { Muted } from '../../ui/layout.tsx'
import type { BrandingDraft } from './branding-draft.ts'
import styles from './logo-field.module.css'
import { base64Of, type LogoProblem, logoProblemOf } from './logo-file.ts'

interface LogoFieldProps {
  readonly logoUrl: string | null
  readonly value: BrandingDraft['logo']
  readonly error: string | undefined
  readonly onChange: (logo: BrandingDraft['logo']) => void
}

/** Asks for a logo and shows it; what the service would refuse is said at once. */
export function LogoField({ logoUrl, value, error, onChange }: LogoFieldProps): JSX.Element {
  const t = useTranslations('settings.branding')
  const id = useId()
  const [problem, setProblem] = useState<LogoProblem>()
  const [chosen, setChosen] = useState<string>()
  const choose = async (file: File): Promise<void> => {
    const bytes = new Uint8Array(await file.arrayBuffer())
    const found = logoProblemOf(bytes)
    setProblem(found)
    const base64 = base64Of(bytes)
    setChosen(found === undefined ? `data:image/png;base64,${base64}` : undefined)
    onChange(found === undefined ? { base64 } : 'keep')
  }
  const shown = value === 'remove' ? undefined : value === 'keep' ? (logoUrl ?? undefined) : chosen
  const wrong = problem === undefined ? error : t(`logoProblems.${problem}`)
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={styles.label}>
        {t('fields.logo')}
      </label>
      <Muted>
        <span id={`${id}-hint`}>{t('hints.logo')}</span>
      </Muted>
      <div className={styles.row}>
        <div className={styles.frame}>
          {shown === undefined ? (
            <Muted>{t('noLogo')}</Muted>
          ) : (
            <img src={shown} alt={t('logoAlt')} width={72} height={72} />
          )}
        </div>
        <FileButton
          id={id}
          label={t('chooseLogo')}
          accept="image/png"
          aria-describedby={`${id}-hint ${id}-problem`}
          aria-invalid={wrong !== undefined}
          onFile={(file) => void choose(file)}
        />
        {logoUrl !== null && value === 'keep' ? (
          <Button
            size="small"
            onClick={() => {
              onChange('remove')
            }}
          >
            {t('removeLogo')}
          </Button>
        ) : null}
      </div>
      <p id={`${id}-problem`} role="alert" className={styles.problem}>
        {wrong ?? ''}
      </p>
    </div>
  )
}
