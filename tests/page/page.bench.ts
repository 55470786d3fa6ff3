/**
 * What the page costs: the server's share of a core with five pages open, and the longest frame while a list of many packets is scrolled
 * from end to end.
 *
 *     node tests/page/page.bench.ts
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasJudge } from '../judges.ts';
import { RunningRange, scratchFolder } from '../penstock.ts';
import { TestBrowser, visit } from './browser.ts';

const PAGES = 5;
const SECONDS = 15;
const ROWS = 100_000;
/** Plant seconds a second: fills the list of packets within minutes. */
const FAST = 100;
const SCROLLS = 60;
/** USER_HZ of Linux. */
const TICKS_PER_SECOND = 100;

if (!hasJudge('chromium') || process.platform !== 'linux') {
  for (const figure of ['page.serverCorePercent', 'page.longestFrameMs'])
    console.log(`skipped: ${figure} needs chromium, and Linux`);
} else {
  const scratch = scratchFolder();
  const browser = await TestBrowser.launch();
  try {
    await server();
    await scrolling();
  } finally {
    await browser.close();
    scratch.remove();
  }

  async function server(): Promise<void> {
    const range = await RunningRange.start(['drinking-water'], { cwd: scratch.path });
    try {
      await sleep(3000);
      const alone = await share(range.pid);
      for (let i = 0; i < PAGES; i++)
        await visit(await browser.open(range.url, { reducedMotion: 'reduce' }), '/process');
      await sleep(2000);
      const together = await share(range.pid);
      console.log(`figure: page.serverCorePercent ${together.toFixed(1)} %`);
      console.log(`without a page: ${alone.toFixed(1)} %`);
    } finally {
      await range.stop('SIGKILL');
    }
  }

  async function scrolling(): Promise<void> {
    const args = ['drinking-water', '--rate', String(FAST), '--out', 'fast'];
    const range = await RunningRange.start(args, { cwd: scratch.path });
    try {
      const page = await browser.open(range.url, { reducedMotion: 'reduce' });
      await visit(page, '/packets');
      const count = async () => Number(((await page.textContent('.packets-head output')) ?? '').replace(/\D/g, ''));
      while ((await count()) < ROWS) await sleep(1000);
      const longest = (await page.evaluate(`(async () => {
        const box = document.querySelector('.packet-scroll');
        let longest = 0;
        let before = performance.now();
        for (let i = 0; i <= ${SCROLLS}; i++) {
          box.scrollTop = (box.scrollHeight * i) / ${SCROLLS};
          for (let frame = 0; frame < 4; frame++) {
            await new Promise(requestAnimationFrame);
            const now = performance.now();
            longest = Math.max(longest, now - before);
            before = now;
          }
        }
        return longest;
      })()`)) as number;
      console.log(`figure: page.longestFrameMs ${longest.toFixed(1)} ms`);
    } finally {
      await range.stop('SIGKILL');
    }
  }

  /** Share of a core that a process takes, per cent. */
  async function share(pid: number): Promise<number> {
    const before = ticks(pid);
    await sleep(SECONDS * 1000);
    return (100 * (ticks(pid) - before)) / (SECONDS * TICKS_PER_SECOND);
  }
}

/** Time in user and kernel of a process, in ticks (proc_pid_stat(5), fields 14 and 15). */
function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}
