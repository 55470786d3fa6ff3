/** One line on a terminal's stderr that tells how far a long command is; nothing where stderr is no terminal. */
export function progressLine(what: string): (share: number) => void {
  if (!process.stderr.isTTY) return () => {};
  const began = performance.now();
  return (share) => {
    const left = ((performance.now() - began) / 1000) * (1 / share - 1);
    const told = `${what}: ${Math.floor(share * 100)} %${Number.isFinite(left) ? `, ${Math.ceil(left)} s left` : ''}`;
    process.stderr.write(`\r\x1b[K${share >= 1 ? '' : told}`);
  };
}
