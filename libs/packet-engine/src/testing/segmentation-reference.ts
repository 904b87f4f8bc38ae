import { readTransportForm, setChecksums, sumOf, TCP, type TransportForm, UDP } from './transport-packet-reference.ts'

/** What stands before each packet of a TUN device with IFF_VNET_HDR (virtio 1.2, section 5.1.6). */
export interface VirtioHeader {
  readonly flags: number
  readonly gsoType: number
  readonly headerBytes: number
  readonly segmentBytes: number
  readonly checksumStart: number
  readonly checksumOffset: number
}

export const NEEDS_CHECKSUM = 1
export const GSO_NONE = 0
export const GSO_TCP4 = 1
export const GSO_TCP6 = 4
export const GSO_UDP = 5
const GSO_ECN = 0x80

const FIN_OR_PSH = 0x09
const CWR = 0x80

/**
 * Cuts what a TUN device gives as a network card with TCP and UDP segmentation offload would (Linux's
 * Documentation/networking/segmentation-offloads): `undefined` when header and packet do not fit each other. The slow,
 * obvious form, for tests.
 */
export function segment(header: VirtioHeader, packet: Buffer): readonly Buffer[] | undefined {
  if (packet.length === 0) return undefined
  if (header.gsoType === GSO_NONE) return completed(header, packet)
  const form = readTransportForm(packet)
  if (form?.bytes !== packet.length || header.segmentBytes === 0) return undefined
  const type = form.protocol === UDP ? GSO_UDP : form.ipv6 ? GSO_TCP6 : GSO_TCP4
  if ((header.gsoType & ~GSO_ECN) !== type) return undefined
  const payload = packet.subarray(form.payloadOffset)
  const starts = [0]
  for (let at = header.segmentBytes; at < payload.length; at += header.segmentBytes) starts.push(at)
  return starts.map((start, index) => {
    const piece = payload.subarray(start, start + header.segmentBytes)
    const whole = Buffer.concat([packet.subarray(0, form.payloadOffset), piece])
    return corrected(whole, { ...form, bytes: whole.length }, { start, index, last: index + 1 === starts.length })
  })
}

// The field of the checksum holds the pseudo-header's sum, so that one sum from the start on completes it.
function completed({ flags, checksumStart, checksumOffset }: VirtioHeader, packet: Buffer): Buffer[] | undefined {
  if ((flags & NEEDS_CHECKSUM) === 0) return [packet]
  const field = checksumStart + checksumOffset
  if (field + 2 > packet.length) return undefined
  const whole = Buffer.from(packet)
  const checksum = ~sumOf(packet.subarray(checksumStart)) & 0xffff
  whole.writeUInt16BE(checksum === 0 ? 0xffff : checksum, field)
  return [whole]
}

function corrected(
  whole: Buffer,
  form: TransportForm,
  { start, index, last }: { readonly start: number; readonly index: number; readonly last: boolean },
): Buffer {
  if (form.ipv6) {
    whole.writeUInt16BE(whole.length - 40, 4)
  } else {
    whole.writeUInt16BE(whole.length, 2)
    whole.writeUInt16BE((whole.readUInt16BE(4) + index) & 0xffff, 4)
  }
  const at = form.transportOffset
  if (form.protocol === TCP) {
    whole.writeUInt32BE((whole.readUInt32BE(at + 4) + start) >>> 0, at + 4)
    // What ends the data stands on its end; what answers a congestion mark stands on its beginning (RFC 3168, 6.1.2).
    let flags = whole.readUInt8(at + 13)
    if (!last) flags &= ~FIN_OR_PSH
    if (index > 0) flags &= ~CWR
    whole.writeUInt8(flags, at + 13)
  } else {
    whole.writeUInt16BE(whole.length - at, at + 4)
  }
  setChecksums(whole, form)
  return whole
}
