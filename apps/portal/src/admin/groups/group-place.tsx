import { ArrowDown, ArrowUp, ArrowUpToLine } from 'lucide-react'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { Button } from '../../ui/button.tsx'
import type { Group } from '../users/people.ts'
import { placeIn } from './group-order.ts'
import styles from './group-place.module.css'
import type { GroupOrder } from './use-group-order.ts'

interface GroupPlaceProps {
  readonly group: Group
  /** From 1. */
  readonly place: number
  readonly order: GroupOrder
}

/** Shows a group's place, and moves it: by one, to the top, or to the number that is written. */
export function GroupPlace({ group, place, order }: GroupPlaceProps): JSX.Element {
  const t = useTranslations('people.groups')
  const { groupId, name } = group
  const count = order.groups?.length ?? 0
  const move = (to: number, from: MovedBy): void => {
    order.moveTo(groupId, to)
    // A row that is put elsewhere in the page loses the focus, and so does a button that is of no more use.
    requestAnimationFrame(() => {
      document.getElementById(controlId(groupId, usefulAt(to, count, from)))?.focus()
    })
  }
  const button = (by: Exclude<MovedBy, 'number'>, to: number, label: string, icon: JSX.Element): JSX.Element => (
    <Button
      id={controlId(groupId, by)}
      size="small"
      label={label}
      icon={icon}
      disabled={place === (by === 'down' ? count : 1)}
      onClick={() => {
        move(to, by)
      }}
    />
  )
  return (
    <div className={styles.place}>
      <PlaceField
        key={place}
        id={controlId(groupId, 'number')}
        label={t('placeOf', { name, count })}
        {...{ place, count }}
        onPlace={(to) => {
          move(to, 'number')
        }}
      />
      {button('up', place - 1, t('moveUp', { name }), <ArrowUp size={16} aria-hidden="true" />)}
      {button('down', place + 1, t('moveDown', { name }), <ArrowDown size={16} aria-hidden="true" />)}
      {button('top', 1, t('moveToTop', { name }), <ArrowUpToLine size={16} aria-hidden="true" />)}
    </div>
  )
}

interface PlaceFieldProps {
  readonly id: string
  readonly label: string
  readonly place: number
  readonly count: number
  readonly onPlace: (place: number) => void
}

/** Takes a number when Enter is pressed or the field is left; what is no number is put back. */
function PlaceField({ id, label, place, count, onPlace }: PlaceFieldProps): JSX.Element {
  const take = (field: HTMLInputElement): void => {
    const wanted = placeIn(field.value, count)
    if (wanted === undefined || wanted === place) field.value = String(place)
    else onPlace(wanted)
  }
  return (
    <input
      id={id}
      aria-label={label}
      inputMode="numeric"
      autoComplete="off"
      defaultValue={place}
      onFocus={({ currentTarget }) => {
        currentTarget.select()
      }}
      onBlur={({ currentTarget }) => {
        if (currentTarget.value !== String(place)) take(currentTarget)
      }}
      onKeyDown={({ key, currentTarget }) => {
        if (key === 'Enter') take(currentTarget)
        if (key === 'Escape') currentTarget.value = String(place)
      }}
    />
  )
}

type MovedBy = 'up' | 'down' | 'top' | 'number'

/** The control to go on with: at an end of the list, the one that leads away from it. */
function usefulAt(place: number, count: number, from: MovedBy): MovedBy {
  if (from === 'number') return from
  if (place === 1) return 'down'
  return place === count ? 'up' : from
}

function controlId(groupId: string, by: MovedBy): string {
  return `move-${by}-${groupId}`
}
