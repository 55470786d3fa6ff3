/** One line on a terminal's stderr that tells how far a long command is; nothing where stderr is no terminal. */
export function progressLine(what: string): (share: number) => void {
  if (!process.stderr.isTTY) return () => {};
  const began = performance.now();
  return (share) => {
    const left = share > 0 ? ((performance.now() - began) / 1000) * (1 / share - 1) : Number.NaN;
    process.stderr.write(
      share >= 1
        ? '\r\x1b[K'
        : `\r\x1b[K${what}: ${Math.floor(share * 100)} %${Number.isNaN(left) ? '' : `, ${Math.ceil(left)} s left`}`,
    );
  };
}
