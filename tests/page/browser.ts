/** A real browser before a running range, and everything that it complains of. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { ensurePage } from '../../scripts/page.mjs';
import { CHROMIUM_FLAGS, chromiumPath } from '../chromium.ts';

/** That a stopped range refuses connections is what the page tells, and the browser does too. */
const EXPECTED =
  /ERR_(CONNECTION|EMPTY_RESPONSE|INCOMPLETE_CHUNKED)|WebSocket connection|GPU stall due to ReadPixels|GroupMarkerNotSet/;
/** Milliseconds: a limit for what hangs, not for what is slow. */
const PATIENCE = 120_000;

export interface OpenOptions extends BrowserContextOptions {
  /** What the page's frame says of its connection when it is ready: `live` unless told otherwise. */
  readonly connection?: string;
  /** Runs in the page before anything of its own does. */
  readonly first?: string;
}

export class TestBrowser {
  /** Errors, warnings and violations of the security policy that no test asked for. */
  readonly complaints: string[] = [];
  /** Whom pages asked for something. */
  readonly origins = new Set<string>();
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Builds the page where it is stale, and starts the browser. */
  static async launch(): Promise<TestBrowser> {
    ensurePage();
    return new TestBrowser(
      await chromium.launch({ executablePath: chromiumPath(), args: CHROMIUM_FLAGS, timeout: PATIENCE }),
    );
  }

  /** A page at `url`, in a browser session of its own. */
  async open(url: string, { connection = 'live', first, ...options }: OpenOptions = {}): Promise<Page> {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    if (first !== undefined) await context.addInitScript(first);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && !EXPECTED.test(message.text()))
        this.complaints.push(message.text());
    });
    page.on('request', (request) => this.#asked(request.url()));
    page.on('websocket', (socket) => this.#asked(socket.url()));
    await page.goto(url);
    await page.waitForSelector(`.frame[data-connection="${connection}"]`);
    return page;
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  #asked(url: string): void {
    // What the page itself made to be downloaded asks nobody.
    if (!url.startsWith('blob:')) this.origins.add(new URL(url).origin.replace(/^ws/, 'http'));
  }
}

/** Goes to a view of the page (`/alarms?list=alerts`) and waits until it is there. */
export async function visit(page: Page, address: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(address)}`);
  const view = address.slice(1).split(/[/?]/)[0];
  await page.waitForSelector(`main[data-view="${view}"] > :not(.waiting)`);
}
