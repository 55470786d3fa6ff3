/** The line discipline of a terminal's far end: what a person types, with corrections, becomes lines. */

const LONGEST_LINE = 256;

/** What one byte came to, beside what is echoed. */
export type Typed = { readonly kind: 'line'; readonly text: string } | { readonly kind: 'interrupt' | 'end' };

const BELL = 7;
const BACKSPACE = 8;
const LF = 10;
const CR = 13;
const DELETE = 127;
const INTERRUPT = 3;
const END = 4;
const KILL = 21;

export class LineEditor {
  /** Whether what is typed is shown; a password is not. */
  hidden = false;
  #text = '';
  #afterCr = false;

  /** @param echo takes what a terminal that is echoed for has to show */
  type(byte: number, echo: (text: string) => void): Typed | undefined {
    const wasCr = this.#afterCr;
    this.#afterCr = byte === CR;
    // CR NUL and CR LF are one end of a line each (RFC 854, page 11), a bare LF is what scripts send.
    if (wasCr && (byte === LF || byte === 0)) return undefined;
    if (byte === CR || byte === LF) {
      const text = this.#text;
      this.#text = '';
      echo('\n');
      return { kind: 'line', text };
    }
    if (byte === INTERRUPT) {
      this.#text = '';
      echo('^C\n');
      return { kind: 'interrupt' };
    }
    if (byte === END && this.#text === '') return { kind: 'end' };
    if (byte === BACKSPACE || byte === DELETE) this.erase(echo);
    else if (byte === KILL) this.kill(echo);
    else if (byte >= 32 && byte !== DELETE) this.#add(byte, echo);
    return undefined;
  }

  erase(echo: (text: string) => void): void {
    if (this.#text === '') return;
    this.#text = this.#text.slice(0, -1);
    if (!this.hidden) echo('\b \b');
  }

  kill(echo: (text: string) => void): void {
    if (!this.hidden) echo('\b \b'.repeat(this.#text.length));
    this.#text = '';
  }

  #add(byte: number, echo: (text: string) => void): void {
    if (this.#text.length >= LONGEST_LINE) {
      echo(String.fromCharCode(BELL));
      return;
    }
    const character = String.fromCharCode(byte);
    this.#text += character;
    if (!this.hidden) echo(character);
  }
}
