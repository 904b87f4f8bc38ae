import { createSocket } from 'node:dgram'

/**
 * A program of its own, run in a namespace: takes the UDP datagrams of a port. Where nobody does, the kernel counts what
 * came as one piece once, however many datagrams it holds. Arguments: HOST PORT.
 */
const [host = '', port = ''] = process.argv.slice(2)
createSocket('udp4').bind(Number(port), host, () => process.stdout.write('listening\n'))
