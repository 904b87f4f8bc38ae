// lint as: libs/openvpn-session/src/wrong-clock.ts
// expect: no-restricted-properties
export const started = Date.now()
