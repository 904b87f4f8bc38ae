import type { Server as HttpsServer } from 'node:https'

import { Inject, Injectable } from '@nestjs/common'
import { serverTls } from '@sallyport/cluster-identity'
import {
  authoriseRequest,
  connectionReports,
  enrolRequest,
  NODE_API_VERSION,
  nodeStatus,
  renewIdentityRequest,
  serverCertificateRequest,
  type ServiceRole,
  sessionEndsRequest,
  syncRequest,
  trafficReport,
  uuid,
} from '@sallyport/contracts'
import type { Service } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'

import { RETRY_AFTER_SECONDS, toApiError } from '../http/api-error.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import { parseInput } from '../http/zod-validation.pipe.ts'
import { OwnIdentity } from '../platform/own-identity.ts'
import { ServicesRepository } from '../platform/services.repository.ts'
import { CLOCK, LOGGER } from '../runtime/tokens.ts'
import { AuthorisationService } from './authorisation.service.ts'
import { EnrolmentService } from './enrolment.service.ts'
import { NodeReportsService } from './node-reports.service.ts'
import { OrderHub } from './order-hub.ts'
import { openOrderStream } from './order-stream.ts'
import { ServiceCaller, unknownService } from './service-caller.ts'
import { shownCertificate } from './shown-certificate.ts'
import { TrafficReportsService } from './traffic-reports.service.ts'

const BODY_BYTES = 64 * 1024
/** 65536 connection ids. */
const SYNC_BODY_BYTES = 4 * 1024 * 1024
const NODE: readonly ServiceRole[] = ['vpn-node']
const ENROLLED: readonly ServiceRole[] = ['vpn-node', 'ip-allocator']

/** The machine-to-machine API: HTTPS with the cluster's certificates, a client certificate on all but two calls. */
@Injectable()
export class NodeApiServer {
  readonly #identity: OwnIdentity
  readonly #caller: ServiceCaller
  readonly #services: ServicesRepository
  readonly #enrolment: EnrolmentService
  readonly #authorisation: AuthorisationService
  readonly #reports: NodeReportsService
  readonly #traffic: TrafficReportsService
  readonly #orders: OrderHub
  readonly #clock: Clock
  readonly #log: Logger

  constructor(
    @Inject(OwnIdentity) identity: OwnIdentity,
    @Inject(ServiceCaller) caller: ServiceCaller,
    @Inject(ServicesRepository) services: ServicesRepository,
    @Inject(EnrolmentService) enrolment: EnrolmentService,
    @Inject(AuthorisationService) authorisation: AuthorisationService,
    @Inject(NodeReportsService) reports: NodeReportsService,
    @Inject(TrafficReportsService) traffic: TrafficReportsService,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(CLOCK) clock: Clock,
    @Inject(LOGGER) log: Logger,
  ) {
    this.#identity = identity
    this.#caller = caller
    this.#services = services
    this.#enrolment = enrolment
    this.#authorisation = authorisation
    this.#reports = reports
    this.#traffic = traffic
    this.#orders = orders
    this.#clock = clock
    this.#log = log
  }

  /** Builds the server; the caller listens and closes. */
  create(): FastifyInstance<HttpsServer> {
    const server = fastify({
      https: serverTls(this.#identity.credentials, { clientCertificate: 'optional' }),
      bodyLimit: BODY_BYTES,
      forceCloseConnections: true,
      routerOptions: { maxParamLength: 64 },
    })
    server.setErrorHandler((error, _request, reply) => {
      const { status, body } = toApiError(error, this.#log)
      if (status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS)
      void reply.status(status).send(body)
    })
    server.setNotFoundHandler((_request, reply) => {
      const { status, body } = toApiError(notFound('call'), this.#log)
      void reply.status(status).send(body)
    })
    void server.register(
      (api, _options, done) => {
        this.#addEnrolment(api)
        this.#addConnections(api)
        this.#addTenants(api)
        done()
      },
      { prefix: `/node-api/v${String(NODE_API_VERSION)}` },
    )
    return server
  }

  #addEnrolment(api: FastifyInstance): void {
    api.get('/ca', () => this.#enrolment.clusterCa())
    api.post('/enrol', (request) => {
      refuseOtherVersion(request.body)
      return this.#enrolment.enrol(parseInput(enrolRequest, request.body))
    })
    api.post('/renew-identity', async (request) => {
      const service = await this.#caller.demand(request, ENROLLED)
      refuseOtherVersion(request.body)
      const body = parseInput(renewIdentityRequest, request.body)
      const shown = shownCertificate(request.raw.socket)
      if (shown === undefined) throw notFound('client certificate')
      return this.#enrolment.renew(service, shown, body)
    })
  }

  #addConnections(api: FastifyInstance): void {
    api.post('/connections/authorise', async (request) => {
      const service = await this.#caller.demandOften(request, NODE)
      refuseOtherVersion(request.body)
      return this.#authorisation.decide(service.id, parseInput(authoriseRequest, request.body))
    })
    api.post('/connections/reports', async (request, reply) => {
      const service = await this.#caller.demand(request, NODE)
      await this.#reports.take(service.id, parseInput(connectionReports, request.body).reports)
      return reply.status(204).send()
    })
    api.post('/connections/sync', { bodyLimit: SYNC_BODY_BYTES }, async (request) => {
      const service = await this.#caller.demand(request, NODE)
      await this.#noteSeen(service)
      return this.#reports.sync(service.id, parseInput(syncRequest, request.body).connectionIds)
    })
    api.post('/status', async (request, reply) => {
      const service = await this.#caller.demand(request, NODE)
      const status = parseInput(nodeStatus, request.body)
      if (!(await this.#services.noteStatus(service.id, status, new Date(this.#clock.now())))) throw unknownService()
      return reply.status(204).send()
    })
    api.post('/connections/traffic', async (request, reply) => {
      const service = await this.#caller.demand(request, NODE)
      await this.#traffic.take(service.id, parseInput(trafficReport, request.body).connections)
      return reply.status(204).send()
    })
    api.post('/connections/session-ends', async (request) => {
      const service = await this.#caller.demand(request, NODE)
      return this.#reports.sessionEnds(service.id, parseInput(sessionEndsRequest, request.body).connectionIds)
    })
    api.get('/orders', async (request, reply) => this.#streamOrders(await this.#caller.demand(request, NODE), reply))
  }

  #addTenants(api: FastifyInstance): void {
    api.get('/handshake-keys', async (request, reply) => {
      await this.#caller.demand(request, NODE)
      void reply.header('cache-control', 'no-store')
      return this.#reports.handshakeKeys()
    })
    api.get('/tenants', async (request) => {
      await this.#caller.demand(request, NODE)
      return this.#reports.tenants()
    })
    api.post('/tenants/:id/server-certificate', async (request) => {
      await this.#caller.demand(request, NODE)
      return this.#reports.serverCertificate(idOf(request), parseInput(serverCertificateRequest, request.body).csr)
    })
  }

  async #streamOrders(service: Service, reply: FastifyReply): Promise<FastifyReply> {
    const stream = openOrderStream(this.#orders, service.id, service.drainingAt !== null)
    try {
      // After the stream is open, so that a revocation either ends it or is seen here.
      await this.#noteSeen(service)
    } catch (error) {
      stream.destroy()
      throw error
    }
    return reply.header('content-type', 'application/x-ndjson').header('cache-control', 'no-store').send(stream)
  }

  async #noteSeen(service: Service): Promise<void> {
    if (!(await this.#services.noteSeen(service.id, new Date(this.#clock.now())))) throw unknownService()
  }
}

function idOf(request: FastifyRequest): string {
  const { params } = request
  const id = typeof params === 'object' && params !== null && 'id' in params ? params.id : undefined
  const parsed = uuid.safeParse(id)
  if (!parsed.success) throw notFound('thing')
  return parsed.data
}

function refuseOtherVersion(body: unknown): void {
  if (typeof body !== 'object' || body === null || !('version' in body) || body.version === NODE_API_VERSION) return
  const message = `This auth-service speaks version ${String(NODE_API_VERSION)} of the node-api; upgrade the older side.`
  throw new ApiProblem(400, 'version-mismatch', message)
}
