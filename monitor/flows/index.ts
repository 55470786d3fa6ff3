export { Evidence, type EvidencePacket, replay } from './evidence.ts';
export { Flow, type Transport } from './flow.ts';
