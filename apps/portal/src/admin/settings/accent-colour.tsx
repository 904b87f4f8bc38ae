import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { contrastOf, ENOUGH, isColour } from '../../session/contrast.ts'
import { readableColour } from '../../session/readable-colour.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { Muted, Row, VisuallyHidden } from '../../ui/layout.tsx'
import styles from './accent-colour.module.css'

interface AccentColourProps {
  readonly value: string
  readonly error: string | undefined
  readonly onChange: (colour: string) => void
}

const USUAL = '#0b5c6b'

/** Asks for a colour, shows what it looks like and whether text can be read with it. */
export function AccentColour({ value, error, onChange }: AccentColourProps): JSX.Element {
  const t = useTranslations('settings.branding')
  const isShown = isColour(value.trim())
  return (
    <div className={styles.field}>
      <div className={styles.inputs}>
        <TextField
          label={t('fields.accentColour')}
          description={t('hints.accentColour')}
          error={error}
          maxLength={7}
          autoComplete="off"
          spellCheck={false}
          value={value}
          onChange={({ target }) => {
            onChange(target.value)
          }}
        />
        <label className={styles.picker}>
          <VisuallyHidden>{t('pickColour')}</VisuallyHidden>
          <input
            type="color"
            value={isShown ? value.trim() : USUAL}
            onChange={({ target }) => {
              onChange(target.value)
            }}
          />
        </label>
        {value === '' ? null : (
          <Button
            size="small"
            onClick={() => {
              onChange('')
            }}
          >
            {t('noColour')}
          </Button>
        )}
      </div>
      {isShown ? <Preview colour={value.trim()} /> : null}
    </div>
  )
}

function Preview({ colour }: { readonly colour: string }): JSX.Element {
  const t = useTranslations('settings.branding')
  const format = useFormatter()
  const { colour: shown, text } = readableColour(colour, 'light')
  const onWhite = contrastOf(colour, '#ffffff')
  const say = (contrast: number): string => format.number(contrast, { minimumFractionDigits: 1 })
  return (
    <div className={styles.preview} role="group" aria-label={t('preview')}>
      <Row>
        <span aria-hidden="true" className={styles.sample} style={{ background: shown, color: text }}>
          {t('sampleButton')}
        </span>
        <span aria-hidden="true" className={styles.page} style={{ color: shown }}>
          {t('sampleLink')}
        </span>
      </Row>
      <Muted>{t('contrastButton', { contrast: say(contrastOf(shown, text)) })}</Muted>
      <Muted>
        {onWhite >= ENOUGH
          ? t('contrastGood', { contrast: say(onWhite) })
          : t('contrastBad', { contrast: say(onWhite), enough: say(ENOUGH) })}
      </Muted>
    </div>
  )
}
