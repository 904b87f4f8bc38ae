export {
  addressBits,
  addressBytes,
  addressFromBytes,
  formatAddress,
  type IpAddress,
  type IpFamily,
  parseAddress,
} from './address.ts'
export {
  addressCount,
  type Cidr,
  cidrContains,
  cidrContainsAddress,
  cidrsOverlap,
  formatCidr,
  formatHostCidr,
  netmaskText,
  nthAddress,
  offsetInCidr,
  parseCidr,
} from './cidr.ts'
