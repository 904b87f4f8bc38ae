export { ConfigError, listenAddress, readConfig, secretText } from './define-config.ts'
