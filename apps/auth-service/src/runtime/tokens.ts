/** Token of the process's logger in Nest's container. */
export const LOGGER = Symbol('Logger')

/** Token of the wall clock in Nest's container. */
export const CLOCK = Symbol('Clock')

/** Token of the settings in Nest's container. */
export const SETTINGS = Symbol('Settings')
