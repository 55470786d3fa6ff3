export interface Judge {
  readonly name: string;
  /** Debian package. */
  readonly package: string;
  /** A command that succeeds when the judge is there. */
  readonly probe: readonly string[];
  /** What goes unchecked without it. */
  readonly checks: string;
}
export const JUDGES: readonly Judge[];
/** Installs what is missing where that may be done; the names of the judges that are there. */
export function prepareJudges(): string[];
