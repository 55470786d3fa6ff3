/** The clock that all containers of a machine share, in microseconds since 1970. */
export const wallMicroseconds = (): number => (performance.timeOrigin + performance.now()) * 1000;
