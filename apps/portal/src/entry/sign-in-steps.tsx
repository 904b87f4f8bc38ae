import { type JSX, useState } from 'react'

import { FactorForm } from './factor-form.tsx'
import { type Account, PasswordForm } from './password-form.tsx'
import { useSignIn } from './use-sign-in.ts'

interface SignInStepsProps {
  readonly account: Account
  readonly isFixed?: boolean
  readonly hidesTenant?: boolean
  readonly onSignedIn: () => Promise<unknown> | undefined
}

/** Signs somebody in, first the password, then what else is asked for; begins again without the name being typed anew. */
export function SignInSteps({
  account: given,
  isFixed = false,
  hidesTenant = false,
  onSignedIn,
}: SignInStepsProps): JSX.Element {
  const [account, setAccount] = useState(given)
  const signIn = useSignIn(onSignedIn)
  const { question } = signIn
  if (question !== undefined) {
    const username = account.username.trim()
    return (
      <FactorForm key={question.challenge} question={question} signIn={signIn} username={username} isFixed={isFixed} />
    )
  }
  return (
    <PasswordForm
      signIn={signIn}
      account={hidesTenant ? { ...account, tenant: given.tenant } : account}
      isFixed={isFixed}
      hidesTenant={hidesTenant}
      onChange={setAccount}
    />
  )
}
