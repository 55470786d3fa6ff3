export { ZeekDirectory } from './files.ts';
export { ZEEK_LOGS, type ZeekColumn, type ZeekLog, type ZeekType } from './logs.ts';
export { type ZeekFormat, type ZeekSink, ZeekWriter } from './writer.ts';
