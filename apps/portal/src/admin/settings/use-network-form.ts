import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api } from '../../api/api.ts'
import {
  EMPTY_NETWORK,
  followNetwork,
  type Network,
  networkConflicts,
  type NetworkDraft,
  networkDraftOf,
  type NetworkField,
  type NetworkForm,
  withStored,
} from './network-draft.ts'

/** More than a search for a whole name finds. */
const ALL = 200

interface NetworkFormState extends NetworkForm {
  /** As it is stored now. */
  readonly stored: NetworkDraft
  /** What both the form and somebody else have changed since it was opened. */
  readonly conflicts: readonly NetworkField[]
  readonly setDraft: (draft: NetworkDraft) => void
  /** Gives up what is in conflict for what is stored. */
  readonly load: () => void
  /** Asks whether somebody else has just saved something in conflict; it is then in `conflicts`. */
  readonly isOvertaken: () => Promise<boolean>
}

/** Keeps what is typed of a network; what is not touched follows what others save meanwhile. */
export function useNetworkForm(network: Network | undefined): NetworkFormState {
  const queries = useQueryClient()
  const stored = network === undefined ? EMPTY_NETWORK : networkDraftOf(network)
  const [held, setHeld] = useState<NetworkForm>({ before: stored, draft: stored })
  const form = followNetwork(held, stored)
  if (form !== held) setHeld(form)
  const conflicts = networkConflicts(form, stored)
  return {
    ...form,
    stored,
    conflicts,
    setDraft: (draft) => {
      setHeld({ before: form.before, draft })
    },
    load: () => {
      setHeld(withStored(form, stored, conflicts))
    },
    isOvertaken: async () => {
      if (network === undefined) return false
      const query = { search: network.name, limit: ALL }
      const { items } = await answerOf(api.GET('/api/v1/networks', { params: { query } }))
      const present = items.find(({ networkId }) => networkId === network.networkId)
      if (present === undefined || networkConflicts(form, networkDraftOf(present)).length === 0) return false
      await queries.invalidateQueries({ queryKey: ['networks'] })
      return true
    },
  }
}
