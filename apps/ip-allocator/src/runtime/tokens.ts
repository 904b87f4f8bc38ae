/** Where Nest finds the logger, which is an interface and has no class to ask for. */
export const LOGGER = Symbol('logger')
