// lint as: libs/openvpn-session/src/wrong-import.ts
// expect: no-restricted-imports
import { createSocket } from 'node:dgram'

export const socket = createSocket('udp4')
