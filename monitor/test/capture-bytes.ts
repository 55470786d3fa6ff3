import { CaptureDecoder, type CaptureSink } from '../capture/index.ts';

/** Hands the packets of a capture that is in memory to `sink`. */
export function readCapture(bytes: Uint8Array, sink: CaptureSink): void {
  const decoder = new CaptureDecoder(sink, 'a capture of the tests');
  const used = decoder.consume(bytes, 0, bytes.length);
  decoder.finish(bytes.length - used);
}
