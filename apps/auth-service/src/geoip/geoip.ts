import { watchFile } from 'node:fs'
import { readFile } from 'node:fs/promises'

import { describeError, SallyportError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'
import { type CountryResponse, Reader } from 'maxmind'

const LOOK_EVERY_MS = 5000
/** A socket for both families writes IPv4 addresses like this; the file has them as they are. */
const IPV4_MAPPED = /^::ffff:(?=[\d.]+$)/i
/** Others, of networks or companies, are in the same format and know no country. */
const TYPES_WITH_COUNTRIES = /country|city|enterprise/i

/** The file cannot be used. */
export class GeoipFileError extends SallyportError {
  constructor(path: string, cause: unknown) {
    super(
      'bad-geoip-file',
      `GEOIP_FILE: ${path} is no country database in MaxMind's format (${describeError(cause)}). ` +
        'Give a GeoLite2-Country.mmdb or similar, or leave GEOIP_FILE out',
      { cause },
    )
  }
}

/** Tells the country of an address from a file in MaxMind's format; without a file it knows none. */
export class Geoip {
  #reader: Reader<CountryResponse> | undefined

  private constructor(reader: Reader<CountryResponse> | undefined) {
    this.#reader = reader
  }

  /**
   * Opens the file, if there is one, and reads it anew when it is replaced; one that cannot be used then is reported, and
   * what was read before goes on. Throws `GeoipFileError`.
   */
  static async open(path: string | undefined, log: Logger, lookEveryMs = LOOK_EVERY_MS): Promise<Geoip> {
    if (path === undefined) return new Geoip(undefined)
    const geoip = new Geoip(await readCountries(path))
    watchFile(path, { persistent: false, interval: lookEveryMs }, () => void geoip.#readAnew(path, log))
    return geoip
  }

  async #readAnew(path: string, log: Logger): Promise<void> {
    try {
      this.#reader = await readCountries(path)
      log.info({}, 'GeoIP file was read anew')
    } catch (error) {
      log.warn(
        { reason: describeError(error) },
        'GeoIP file was replaced by one that cannot be used: the old one goes on',
      )
    }
  }

  /** Whether countries can be known at all. */
  get isConfigured(): boolean {
    return this.#reader !== undefined
  }

  /** Gives the country as ISO 3166-1 alpha-2, or `null` when it is not known. */
  countryOf(address: string): string | null {
    if (this.#reader === undefined) return null
    try {
      return this.#reader.get(address.replace(IPV4_MAPPED, ''))?.country?.iso_code ?? null
    } catch {
      // The text is no address, or the file has no such family.
      return null
    }
  }
}

async function readCountries(path: string): Promise<Reader<CountryResponse>> {
  try {
    const reader = new Reader<CountryResponse>(await readFile(path))
    const { databaseType } = reader.metadata
    if (!TYPES_WITH_COUNTRIES.test(databaseType)) throw new TypeError(`it is of type ${databaseType}`)
    return reader
  } catch (error) {
    throw new GeoipFileError(path, error)
  }
}
