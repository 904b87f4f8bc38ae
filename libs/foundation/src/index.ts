export { ByteReader, ByteWriter, concatBytes, equalBytes } from './bytes.ts'
export type { Clock } from './clock.ts'
export { describeError, errorCode, SallyportError } from './error.ts'
export { Secret } from './secret.ts'
