export { createLogger, type Logger } from './logger.ts'
export { Metrics, type ReasonCounter } from './metrics.ts'
