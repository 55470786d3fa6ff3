export { CaptureDecoder } from './decoder.ts';
export { type CaptureFileWriter, readCaptureFile, writeCaptureFile } from './file.ts';
export { captureLive, type LiveCapture, type PromptCapture } from './live.ts';
export type { CaptureSink, CaptureSummary } from './record.ts';
export { PcapWriter } from './writer.ts';
