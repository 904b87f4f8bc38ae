import AxeBuilder from '@axe-core/playwright'
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'

/** What Chromium says of a refused call; the portal shows these itself. */
const REFUSED_CALL = /Failed to load resource: the server responded with a status of 4\d\d/
/** WCAG 2.2, levels A and AA, and what axe holds for good practice. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** A request as it left the browser. */
export interface SentRequest {
  readonly method: string
  readonly url: string
  /** Address, headers and body in one text. */
  readonly text: string
}

/** Somebody with a browser of their own: a context without cookies, one page, and everything it sends and complains about. */
export class Visitor implements AsyncDisposable {
  readonly context: BrowserContext
  readonly page: Page
  /** Every request since the start, of every page. */
  readonly requests: SentRequest[] = []
  /** What the browser complained about: broken policies of content, exceptions, errors in the console. */
  readonly complaints: string[] = []

  private constructor(context: BrowserContext, page: Page) {
    this.context = context
    this.page = page
    page.on('pageerror', (error) => this.complaints.push(String(error)))
    page.on('console', (message) => {
      const text = message.text()
      if (message.type() === 'error' && !REFUSED_CALL.test(text)) this.complaints.push(text)
    })
    context.on('request', (request) => {
      const [method, url] = [request.method(), request.url()]
      const text = [url, JSON.stringify(request.headers()), request.postData() ?? ''].join('\n')
      this.requests.push({ method, url, text })
    })
  }

  /** Opens a browser window at the portal. */
  static async enter(browser: Browser, baseURL: string, options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await browser.newContext({ baseURL, locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options })
    context.setDefaultTimeout(20_000)
    return new Visitor(context, await context.newPage())
  }

  /** What axe finds against WCAG 2.2 AA on the page as it is, a line for each rule that is broken. */
  async accessibilityProblems(): Promise<string[]> {
    // The pages have no frames, and only what is wrong is of interest: both save much time.
    const builder = new AxeBuilder({ page: this.page }).options({ resultTypes: ['violations'] }).setLegacyMode()
    const { violations } = await builder.withTags(RULES).analyze()
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' | ')}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close()
  }
}
