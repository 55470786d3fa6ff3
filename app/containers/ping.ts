import { execFile } from 'node:child_process';

/** One echo request by the system's own `ping`, which may open what it takes; the round trip in microseconds, undefined for no answer. */
export const ping = (address: string, size: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const began = performance.now();
    execFile('ping', ['-n', '-q', '-c', '1', '-W', '1', '-s', String(size), address], { timeout: 3000 }, (error) =>
      resolve(error ? undefined : Math.round((performance.now() - began) * 1000)),
    );
  });
