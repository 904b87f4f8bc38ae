import { leaseStoreCompliance } from './lease-store.compliance.ts'
import { MemoryLeaseStore } from './memory-lease-store.ts'

leaseStoreCompliance((clock) => Promise.resolve(new MemoryLeaseStore(clock)))
