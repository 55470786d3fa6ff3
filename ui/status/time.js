// The plant's own time: captures and device logs carry it, whatever this machine's clock says.

let startsAt = 0;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

export function startAt(iso) {
  startsAt = Date.parse(iso);
}

/** Seconds since the run's start as `Mon 09:03:12` in the plant. */
export function plantTime(seconds) {
  const date = new Date(startsAt + seconds * 1000);
  return `${DAYS[date.getUTCDay()]} ${date.toISOString().slice(11, 19)}`;
}
