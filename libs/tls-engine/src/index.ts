export { createNativeCryptoSuite } from './native-suite.ts'
export {
  type EstablishedTls,
  TlsClientContext,
  type TlsClientCredentials,
  TlsConnection,
  type TlsCredentials,
  type TlsProgress,
  TlsServerContext,
} from './tls-engine.ts'
export { TlsEngineError, type TlsEngineErrorCode } from './tls-engine-error.ts'
