export { AddressPools, type GrantResult, type LeaseClaim, type PoolSummary } from './address-pools.ts'
export type {
  DefineResult,
  Holder,
  LeaseStore,
  NetworkKey,
  Refused,
  ReleaseResult,
  RenewResult,
} from './lease-store.ts'
export { LeaseStoreError } from './lease-store-error.ts'
export { MemoryLeaseStore } from './memory-lease-store.ts'
export type { InvalidPool, LeasedAddresses } from './pool-plan.ts'
export { RedisLeaseStore } from './redis-lease-store.ts'
