import monitoring from './monitoring.json'
import people from './people.json'
import platform from './platform.json'
import policy from './policy.json'
import settings from './settings.json'

/** What administrators, auditors and operators see beside that. */
export const messages = { monitoring, people, platform, policy, settings }
