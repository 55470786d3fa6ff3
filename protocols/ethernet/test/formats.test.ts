import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as ethernet from '../index.ts';

const bytes = (hex: string) =>
  Uint8Array.from(hex.replace(/\s/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (buffer: Uint8Array, start: number, end: number) =>
  Buffer.from(buffer.subarray(start, end)).toString('hex');
const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const mac = fc.integer({ min: 0, max: 0xffff_ffff_ffff });
const payload = fc.uint8Array({ maxLength: 200 });

describe('addresses', () => {
  test.each([
    ['10.20.1.13', 0x0a14010d],
    ['0.0.0.0', 0],
    ['255.255.255.255', 0xffffffff],
    ['192.168.0.1', 0xc0a80001],
  ])('%s is a number and back', (text, number) => {
    expect(ethernet.parseIpv4(text)).toBe(number);
    expect(ethernet.formatIpv4(number)).toBe(text);
  });

  test.each(['10.20.1', '10.20.1.256', '10.20.1.1.1', 'plc', '10.20.1.-1', '10.20.1.1 '])('refuses %j', (text) => {
    expect(() => ethernet.parseIpv4(text)).toThrow(expect.objectContaining({ id: 'address.ipv4' }));
  });

  test('MAC addresses are numbers and back', () => {
    expect(ethernet.parseMac('00:80:f4:0b:00:13')).toBe(0x0080f40b0013);
    expect(ethernet.formatMac(0x0080f40b0013)).toBe('00:80:f4:0b:00:13');
    expect(ethernet.formatMac(ethernet.BROADCAST_MAC)).toBe('ff:ff:ff:ff:ff:ff');
    expect(() => ethernet.parseMac('00:80:f4')).toThrow(expect.objectContaining({ id: 'address.mac' }));
  });

  test('a subnet knows its ends', () => {
    const subnet = ethernet.parseSubnet('10.20.1.0/24');
    expect(subnet).toEqual({ network: 0x0a140100, mask: 0xffffff00, bits: 24, broadcast: 0x0a1401ff });
    expect(ethernet.inSubnet(ethernet.parseIpv4('10.20.1.200'), subnet)).toBe(true);
    expect(ethernet.inSubnet(ethernet.parseIpv4('10.20.2.1'), subnet)).toBe(false);
    expect(ethernet.parseSubnet('192.168.4.9/30').broadcast).toBe(ethernet.parseIpv4('192.168.4.11'));
    for (const text of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/0', '10.0.0.0/x', '10.0.0.0/8/8'])
      expect(() => ethernet.parseSubnet(text)).toThrow(expect.objectContaining({ id: 'address.subnet' }));
  });

  test('every number survives text and bytes', () => {
    fc.assert(
      fc.property(u32, mac, (address, card) => {
        const buffer = new Uint8Array(10);
        ethernet.writeIpv4Address(buffer, 0, address);
        ethernet.writeMacAddress(buffer, 4, card);
        expect(ethernet.readIpv4Address(buffer, 0)).toBe(address);
        expect(ethernet.readMacAddress(buffer, 4)).toBe(card);
        expect(ethernet.parseIpv4(ethernet.formatIpv4(address))).toBe(address);
        expect(ethernet.parseMac(ethernet.formatMac(card))).toBe(card);
      }),
    );
  });
});

describe('checksum', () => {
  test('agrees with the example of RFC 1071 clause 3', () => {
    const example = bytes('0001 f203 f4f5 f6f7');
    expect(ethernet.addWords(0, example, 0, 8)).toBe(0x2ddf0);
    expect(ethernet.checksum(example, 0, 8)).toBe(0x220d);
  });

  test('agrees with a plain sum over any bytes at any offset', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1600 }), fc.nat(5), (data, skip) => {
        const start = Math.min(skip, data.length);
        let sum = 0;
        for (let i = start; i < data.length; i += 2) {
          sum += (data[i] as number) * 256 + (data[i + 1] ?? 0);
          sum = (sum & 0xffff) + (sum >>> 16);
        }
        expect(ethernet.checksum(data, start, data.length)).toBe(~sum & 0xffff);
      }),
    );
  });

  test('an update gives what a new sum gives (RFC 1624)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), u16, (data, to) => {
        data[10] = 0;
        data[11] = 0;
        const before = ethernet.checksum(data, 0, 20);
        const from = ethernet.readUint16(data, 8);
        ethernet.writeUint16(data, 8, to);
        const after = ethernet.checksum(data, 0, 20);
        const updated = ethernet.updateChecksum(before, from, to);
        // All ones and all zeros are the same number in one's complement.
        expect(updated % 0xffff).toBe(after % 0xffff);
      }),
    );
  });
});

/** Each format: bytes, the object they mean, and how they are written and read. */
describe('bytes and objects', () => {
  test('Ethernet II', () => {
    const wire = bytes('0080f40b0013 005056000020 0800');
    const header = { destination: 0x0080f40b0013, source: 0x005056000020, etherType: ethernet.ETHERTYPE_IPV4 };
    const buffer = new Uint8Array(20);
    expect(ethernet.writeEthernet(buffer, 3, header)).toBe(17);
    expect(hex(buffer, 3, 17)).toBe(hex(wire, 0, 14));
    const read = { destination: 0, source: 0, etherType: 0 };
    expect(ethernet.readEthernet(wire, 0, 14, read)).toBe(14);
    expect(read).toEqual(header);
    expect(ethernet.readEthernet(wire, 0, 13, read)).toBe(ethernet.TRUNCATED);
  });

  test('ARP request', () => {
    const wire = bytes('0001 0800 06 04 0001 005056000020 0a140114 000000000000 0a14010d');
    const packet = {
      operation: ethernet.ARP_REQUEST,
      senderMac: 0x005056000020,
      senderAddress: 0x0a140114,
      targetMac: 0,
      targetAddress: 0x0a14010d,
    };
    const buffer = new Uint8Array(28);
    expect(ethernet.writeArp(buffer, 0, packet)).toBe(28);
    expect(hex(buffer, 0, 28)).toBe(hex(wire, 0, 28));
    const read = { operation: 0, senderMac: 0, senderAddress: 0, targetMac: 0, targetAddress: 0 };
    expect(ethernet.readArp(wire, 0, 28, read)).toBe(28);
    expect(read).toEqual(packet);
    expect(ethernet.readArp(wire, 0, 27, read)).toBe(ethernet.TRUNCATED);
    wire[1] = 6; // IEEE 802 networks
    expect(ethernet.readArp(wire, 0, 28, read)).toBe(ethernet.UNSUPPORTED);
  });

  test('IPv4, the header that textbooks sum', () => {
    const wire = bytes('4500 0073 0000 4000 4011 b861 c0a80001 c0a800c7');
    const header = {
      trafficClass: 0,
      totalLength: 0x73,
      identification: 0,
      flags: ethernet.DONT_FRAGMENT,
      fragmentOffset: 0,
      timeToLive: 64,
      protocol: ethernet.PROTOCOL_UDP,
      source: ethernet.parseIpv4('192.168.0.1'),
      destination: ethernet.parseIpv4('192.168.0.199'),
    };
    const buffer = new Uint8Array(0x73);
    expect(ethernet.writeIpv4(buffer, 0, header)).toBe(20);
    expect(hex(buffer, 0, 20)).toBe(hex(wire, 0, 20));
    const read = { ...header, totalLength: 0, source: 0, destination: 0, flags: 0 };
    expect(ethernet.readIpv4(buffer, 0, 0x73, read)).toBe(20);
    expect(read).toEqual(header);
    expect(ethernet.ipv4ChecksumRight(buffer, 0, 20)).toBe(true);
    buffer[8] = 63;
    expect(ethernet.ipv4ChecksumRight(buffer, 0, 20)).toBe(false);
  });

  test('IPv4 that is cut short, contradicts itself, or is another version', () => {
    const read = {
      trafficClass: 0,
      totalLength: 0,
      identification: 0,
      flags: 0,
      fragmentOffset: 0,
      timeToLive: 0,
      protocol: 0,
      source: 0,
      destination: 0,
    };
    const wire = bytes('4500 0014 0000 4000 4011 b861 c0a80001 c0a800c7');
    expect(ethernet.readIpv4(wire, 0, 19, read)).toBe(ethernet.TRUNCATED);
    expect(ethernet.readIpv4(wire, 0, 20, read)).toBe(20);
    wire[3] = 0x15;
    expect(ethernet.readIpv4(wire, 0, 20, read)).toBe(ethernet.TRUNCATED);
    wire[3] = 0x13;
    expect(ethernet.readIpv4(wire, 0, 20, read)).toBe(ethernet.MALFORMED);
    wire[0] = 0x44;
    expect(ethernet.readIpv4(wire, 0, 20, read)).toBe(ethernet.MALFORMED);
    wire[0] = 0x65;
    expect(ethernet.readIpv4(wire, 0, 20, read)).toBe(ethernet.UNSUPPORTED);
  });

  test('ICMP echo request', () => {
    const wire = bytes('0800 f7fc 0001 0002');
    const buffer = new Uint8Array(8);
    const header = { type: ethernet.ICMP_ECHO_REQUEST, code: 0, rest: 0x0001_0002 };
    expect(ethernet.writeIcmp(buffer, 0, 8, header)).toBe(8);
    expect(hex(buffer, 0, 8)).toBe(hex(wire, 0, 8));
    const read = { type: 0, code: 0, rest: 0 };
    expect(ethernet.readIcmp(wire, 0, 8, read)).toBe(8);
    expect(read).toEqual(header);
    expect(ethernet.readIcmp(wire, 0, 7, read)).toBe(ethernet.TRUNCATED);
  });

  test('UDP with its checksum over the pseudo-header', () => {
    const [source, destination] = [ethernet.parseIpv4('152.1.51.27'), ethernet.parseIpv4('152.14.94.75')];
    const wire = bytes('a08f 2694 000a 14de 6262');
    const buffer = bytes('0000 0000 0000 0000 6262');
    const header = { sourcePort: 0xa08f, destinationPort: 0x2694, length: 10 };
    expect(ethernet.writeUdp(buffer, 0, header, source, destination)).toBe(8);
    expect(hex(buffer, 0, 10)).toBe(hex(wire, 0, 10));
    const read = { sourcePort: 0, destinationPort: 0, length: 0 };
    expect(ethernet.readUdp(wire, 0, 10, read)).toBe(8);
    expect(read).toEqual(header);
    expect(ethernet.udpChecksumRight(wire, 0, 10, source, destination)).toBe(true);
    expect(ethernet.udpChecksumRight(wire, 0, 10, source, destination + 1)).toBe(false);
    ethernet.writeUint16(wire, 6, 0);
    expect(ethernet.udpChecksumRight(wire, 0, 10, source, destination)).toBe(true);
    expect(ethernet.readUdp(wire, 0, 9, read)).toBe(ethernet.MALFORMED);
    expect(ethernet.readUdp(wire, 0, 7, read)).toBe(ethernet.TRUNCATED);
    wire[5] = 7;
    expect(ethernet.readUdp(wire, 0, 10, read)).toBe(ethernet.MALFORMED);
  });

  test('a UDP checksum of 0 is sent as all ones', () => {
    const buffer = new Uint8Array(10);
    const header = { sourcePort: 0, destinationPort: 0, length: 10 };
    // Make the rest sum to ffff: pseudo-header 0x11 + 10 + length 10, so that the payload supplies what is missing.
    ethernet.writeUint16(buffer, 8, 0xffff - 17 - 10 - 10);
    ethernet.writeUdp(buffer, 0, header, 0, 0);
    expect(ethernet.readUint16(buffer, 6)).toBe(0xffff);
    expect(ethernet.udpChecksumRight(buffer, 0, 10, 0, 0)).toBe(true);
  });

  test('TCP SYN with maximum segment size and window scale', () => {
    const [source, destination] = [ethernet.parseIpv4('10.20.1.20'), ethernet.parseIpv4('10.20.1.13')];
    // As scapy builds it.
    const wire = bytes('c2aa01f6 fedcba98 00000000 8002faf0 dfc10000 020405b4 01010402 01030307');
    const options = { maximumSegmentSize: 1460, windowScale: 7, selectiveAcknowledgement: true };
    const buffer = new Uint8Array(40);
    const end = ethernet.writeTcpOptions(buffer, 20, options);
    expect(end).toBe(20 + ethernet.tcpOptionsLength(options));
    const header = {
      sourcePort: 49834,
      destinationPort: 502,
      sequence: 0xfedcba98,
      acknowledgement: 0,
      flags: ethernet.TCP_SYN,
      window: 64_240,
      urgent: 0,
    };
    expect(ethernet.writeTcp(buffer, 0, end, end, header, source, destination)).toBe(end);
    expect(hex(buffer, 0, end)).toBe(hex(wire, 0, 32));
    expect(ethernet.tcpChecksum(buffer, 0, end, source, destination)).toBe(0);
    const read = { ...header, sequence: 0, flags: 0, window: 0 };
    expect(ethernet.readTcp(buffer, 0, end, read)).toBe(end);
    expect(read).toEqual(header);
    const found = { maximumSegmentSize: undefined, windowScale: undefined, selectiveAcknowledgement: false };
    ethernet.readTcpOptions(buffer, 20, end, found);
    expect(found).toEqual(options);
    expect(ethernet.readTcp(buffer, 0, 19, read)).toBe(ethernet.TRUNCATED);
    expect(ethernet.readTcp(buffer, 0, end - 1, read)).toBe(ethernet.TRUNCATED);
    buffer[12] = 0x40;
    expect(ethernet.readTcp(buffer, 0, end, read)).toBe(ethernet.MALFORMED);
  });

  test('TCP options that lie about their length end the list', () => {
    const read = (text: string) => {
      const list = bytes(text);
      const found = { maximumSegmentSize: undefined, windowScale: undefined, selectiveAcknowledgement: false };
      ethernet.readTcpOptions(list, 0, list.length, found);
      return found;
    };
    const none = { maximumSegmentSize: undefined, windowScale: undefined, selectiveAcknowledgement: false };
    expect(read('02 00 05 b4')).toEqual(none);
    expect(read('02 09 05 b4')).toEqual(none);
    expect(read('02')).toEqual(none);
    expect(read('00 0204 05b4')).toEqual(none);
    expect(read('fe 04 00 00 0303 ff 00')).toEqual({ ...none, windowScale: 14 });
  });
});

describe('any header survives', () => {
  const Ethernet = fc.record({ destination: mac, source: mac, etherType: u16 });
  const Arp = fc.record({ operation: u16, senderMac: mac, senderAddress: u32, targetMac: mac, targetAddress: u32 });
  const Ipv4 = fc.record({
    trafficClass: u8,
    identification: u16,
    flags: fc.nat(7),
    fragmentOffset: fc.nat(0x1fff),
    timeToLive: u8,
    protocol: u8,
    source: u32,
    destination: u32,
  });
  const Tcp = fc.record({
    sourcePort: u16,
    destinationPort: u16,
    sequence: u32,
    acknowledgement: u32,
    flags: u8,
    window: u16,
    urgent: u16,
  });

  test('Ethernet and ARP', () => {
    fc.assert(
      fc.property(Ethernet, Arp, (header, packet) => {
        const buffer = new Uint8Array(42);
        const end = ethernet.writeArp(buffer, ethernet.writeEthernet(buffer, 0, header), packet);
        expect(end).toBe(42);
        const h = { destination: 0, source: 0, etherType: 0 };
        const p = { operation: 0, senderMac: 0, senderAddress: 0, targetMac: 0, targetAddress: 0 };
        expect(ethernet.readArp(buffer, ethernet.readEthernet(buffer, 0, 42, h), 42, p)).toBe(42);
        expect([h, p]).toEqual([header, packet]);
      }),
    );
  });

  test('IPv4 with TCP, UDP or ICMP in it', () => {
    fc.assert(
      fc.property(Ipv4, Tcp, fc.boolean(), payload, (ip, tcp, scaled, data) => {
        const buffer = new Uint8Array(400);
        const options = {
          maximumSegmentSize: 1460,
          windowScale: scaled ? 7 : undefined,
          selectiveAcknowledgement: false,
        };
        const body = ethernet.writeTcpOptions(buffer, 40, options);
        buffer.set(data, body);
        const end = body + data.length;
        const header = { ...ip, totalLength: end };
        expect(ethernet.writeIpv4(buffer, 0, header)).toBe(20);
        ethernet.writeTcp(buffer, 20, body, end, tcp, ip.source, ip.destination);
        const h = { ...header, identification: 0, source: 0 };
        const t = { ...tcp, sequence: 0, acknowledgement: 0 };
        expect(ethernet.readIpv4(buffer, 0, end, h)).toBe(20);
        expect(ethernet.readTcp(buffer, 20, end, t)).toBe(body);
        expect([h, t]).toEqual([header, tcp]);
        expect(ethernet.ipv4ChecksumRight(buffer, 0, 20)).toBe(true);
        expect(ethernet.tcpChecksum(buffer, 20, end, ip.source, ip.destination)).toBe(0);

        const udp = { sourcePort: tcp.sourcePort, destinationPort: tcp.destinationPort, length: 8 + data.length };
        buffer.set(data, 28);
        ethernet.writeUdp(buffer, 20, udp, ip.source, ip.destination);
        const u = { sourcePort: 0, destinationPort: 0, length: 0 };
        expect(ethernet.readUdp(buffer, 20, 28 + data.length, u)).toBe(28);
        expect(u).toEqual(udp);
        expect(ethernet.udpChecksumRight(buffer, 20, 28 + data.length, ip.source, ip.destination)).toBe(true);

        const icmp = { type: ip.timeToLive, code: ip.protocol, rest: tcp.sequence };
        ethernet.writeIcmp(buffer, 20, 28 + data.length, icmp);
        const i = { type: 0, code: 0, rest: 0 };
        expect(ethernet.readIcmp(buffer, 20, 28 + data.length, i)).toBe(28);
        expect(i).toEqual(icmp);
        expect(ethernet.icmpChecksumRight(buffer, 20, 28 + data.length)).toBe(true);
      }),
    );
  });

  test('random bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (data) => {
        const none = { maximumSegmentSize: undefined, windowScale: undefined, selectiveAcknowledgement: false };
        const end = data.length;
        ethernet.readEthernet(data, 0, end, { destination: 0, source: 0, etherType: 0 });
        ethernet.readArp(data, 0, end, {
          operation: 0,
          senderMac: 0,
          senderAddress: 0,
          targetMac: 0,
          targetAddress: 0,
        });
        const ip = {
          trafficClass: 0,
          totalLength: 0,
          identification: 0,
          flags: 0,
          fragmentOffset: 0,
          timeToLive: 0,
          protocol: 0,
          source: 0,
          destination: 0,
        };
        expect(ethernet.readIpv4(data, 0, end, ip)).toBeLessThanOrEqual(60);
        const tcp = {
          sourcePort: 0,
          destinationPort: 0,
          sequence: 0,
          acknowledgement: 0,
          flags: 0,
          window: 0,
          urgent: 0,
        };
        const body = ethernet.readTcp(data, 0, end, tcp);
        expect(body).toBeLessThanOrEqual(end);
        if (body > 0) ethernet.readTcpOptions(data, 20, body, none);
        ethernet.readUdp(data, 0, end, { sourcePort: 0, destinationPort: 0, length: 0 });
        ethernet.readIcmp(data, 0, end, { type: 0, code: 0, rest: 0 });
      }),
    );
  });
});
