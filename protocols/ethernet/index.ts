export * from './address.ts';
export * from './arp.ts';
export * from './checksum.ts';
export * from './frame.ts';
export * from './icmp.ts';
export * from './ipv4.ts';
export * from './tcp.ts';
export * from './udp.ts';
