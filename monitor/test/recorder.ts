import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';

export interface Recording {
  readonly fromOriginator: boolean;
  readonly text: string;
}

export interface RecorderEvent extends ProtocolEvent {
  readonly name: 'recorded';
  readonly originator: string;
  readonly responder: string;
}

/**
 * A dissector that keeps what it gets as text, a gap as `<n>`, and gives it out as one event at the end. It wants streams that
 * start with `>` (any with `any`).
 */
export function recorder(transport: 'tcp' | 'udp' = 'tcp', want: '>' | 'any' = 'any'): DissectorFactory {
  return {
    protocol: 'recorder',
    transport,
    ports: [7],
    probe: (buffer, start, end) => {
      if (want === 'any') return 1;
      return end === start ? undefined : Number(buffer[start] === 0x3e);
    },
    create: (emit) => {
      const texts = ['', ''];
      const put = (fromOriginator: boolean, text: string): void => {
        texts[fromOriginator ? 0 : 1] += text;
      };
      const dissector: Dissector = {
        data: (fromOriginator, _time, buffer, start, end) =>
          put(fromOriginator, new TextDecoder('latin1').decode(buffer.subarray(start, end))),
        gap: (fromOriginator, _time, missing) => put(fromOriginator, `<${missing}>`),
        end: (time) => {
          const event: RecorderEvent = {
            name: 'recorded',
            time,
            originator: texts[0] ?? '',
            responder: texts[1] ?? '',
          };
          emit(event);
        },
        unparsedBytes: 0,
        violations: 0,
      };
      return dissector;
    },
  };
}
