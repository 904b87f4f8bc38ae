import common from './common.json'
import employee from './employee.json'
import entry from './entry.json'
import navigation from './navigation.json'
import problems from './problems.json'
import session from './session.json'

/** What everybody sees. */
export const messages = { common, employee, entry, navigation, problems, session }
