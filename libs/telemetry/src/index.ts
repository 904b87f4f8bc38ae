export { createLogger, type Logger } from './logger.ts'
export { Metrics, type ReasonCounter } from './metrics.ts'
export { serveStatus, type Status } from './status-server.ts'
