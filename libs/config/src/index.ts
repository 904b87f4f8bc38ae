export { commaList, ConfigError, listenAddress, readConfig, secretText } from './define-config.ts'
