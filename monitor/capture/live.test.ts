import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { hasJudge } from '../../tests/judges.ts';
import { captureLive } from './index.ts';

const installed = hasJudge('tcpdump');
/** Whether this machine lets us: the link types of an interface are told to who may capture on it, at once. */
const allowed = installed && spawnSync('tcpdump', ['-i', 'lo', '-L'], { timeout: 60_000 }).status === 0;

describe.skipIf(!installed)('live capture (needs tcpdump)', () => {
  it('lists the interfaces when there is no such one', async () => {
    await expect(captureLive('nosuch0', { frame: () => {} }).done).rejects.toThrow(
      /there is no interface nosuch0; this machine has|may not capture/,
    );
  });

  it.skipIf(!allowed)(
    'hands on what passes on the loopback until it is stopped (needs the right to capture)',
    async () => {
      const marker = `penstock-live-${process.pid}`;
      const socket = createSocket('udp4');
      await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
      const port = socket.address().port;
      let seen = 0;
      const capture = captureLive('lo', {
        frame: (_time, buffer, start, end) => {
          if (Buffer.from(buffer.buffer, buffer.byteOffset + start, end - start).includes(marker) && ++seen === 3)
            capture.stop();
        },
      });
      // Nobody tells when tcpdump is ready: send until three have come through.
      const sending = setInterval(() => socket.send(marker, port, '127.0.0.1'), 20);
      try {
        const summary = await capture.done;
        expect(seen).toBeGreaterThanOrEqual(3);
        expect(summary).toMatchObject({ format: 'pcap', truncated: false, damage: undefined });
      } finally {
        clearInterval(sending);
        await new Promise<void>((resolve) => socket.close(() => resolve()));
      }
    },
  );
});
