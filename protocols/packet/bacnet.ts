/** BACnet/IP for people: the virtual link, the network's header, the service with its object and values. */
import {
  ABORT_REASONS,
  type Apdu,
  BVLC_FUNCTIONS,
  bacnetDissector,
  CONFIRMED_SERVICES,
  type DiscoveryEvent,
  decodeApdu,
  decodeBvlc,
  decodeNpdu,
  ERROR_CODES,
  NETWORK_MESSAGES,
  type Npdu,
  PDU,
  type PropertyEvent,
  REJECT_REASONS,
  UNCONFIRMED_SERVICES,
} from '../bacnet/index.ts';
import type { Reading } from './context.ts';
import { FieldReader, group, hex } from './reader.ts';

const PDUS = ['request', 'unconfirmed', 'simple ack', 'answer', 'segment ack', 'error', 'reject', 'abort'];
/** Properties that stand in a line. */
const MOST_NAMED = 4;

export function readBacnet(bytes: Uint8Array, start: number, end: number): Reading {
  const reader = new FieldReader(bytes, start, end);
  reader.number('Virtual link', 1, hex(2));
  reader.number('Function', 1, (code) => BVLC_FUNCTIONS.name(code));
  reader.number('Length', 2);
  const link = decodeBvlc(bytes, start, end);
  const done = (info: string, tags: readonly string[] = []): Reading => {
    reader.rest('Data');
    return { protocol: 'bacnet', info, tags, field: group('BACnet', info, start, end, reader.fields) };
  };
  if ('kind' in link) return done(link.text, ['malformed']);
  const name = BVLC_FUNCTIONS.name(link.function);
  if (link.start === link.end) return done(name);
  if (link.origin !== undefined) reader.raw('Origin', 6);
  const npdu = decodeNpdu(bytes, link.start, link.end);
  if ('kind' in npdu) return done(`${name}: ${npdu.text}`, ['malformed']);
  reader.raw('Network header', npdu.start - link.start, () => networkText(npdu));
  if (npdu.message !== undefined)
    return done(`${NETWORK_MESSAGES.name(npdu.message)} ${npdu.networks.join(', ')}`.trim());
  const apdu = decodeApdu(bytes, npdu.start, npdu.end);
  if ('kind' in apdu) return done(`${name}: ${apdu.text}`, ['malformed']);
  const service = serviceText(apdu);
  reader.raw('Application header', apdu.start - apdu.end + (npdu.end - npdu.start), () => headerText(apdu, service));
  const about = aboutText(bytes, start, end);
  if (reader.left > 0) reader.raw('Parameters', reader.left, () => about);
  return done([PDUS[apdu.type], service, about].filter((part) => part !== '').join(' '));
}

const networkText = ({ destination, source, priority }: Npdu): string =>
  [
    destination === undefined ? '' : `to network ${destination.network === 0xffff ? 'all' : destination.network}`,
    source === undefined ? '' : `from network ${source.network}`,
    priority > 0 ? `priority ${priority}` : '',
  ]
    .filter((part) => part !== '')
    .join(', ') || 'this network';

function serviceText({ type, service }: Apdu): string {
  if (type === PDU.segmentAck) return '';
  if (type === PDU.reject) return REJECT_REASONS.name(service);
  if (type === PDU.abort) return ABORT_REASONS.name(service);
  return (type === PDU.unconfirmed ? UNCONFIRMED_SERVICES : CONFIRMED_SERVICES).name(service);
}

const headerText = ({ type, invokeId, segmented, sequence }: Apdu, service: string): string =>
  `${PDUS[type]}${type === PDU.unconfirmed ? '' : ` ${invokeId}`}${segmented ? `, segment ${sequence}` : ''} ${service}`.trimEnd();

/** Objects, properties and values, as the monitor would tell them. */
function aboutText(bytes: Uint8Array, start: number, end: number): string {
  const parts: string[] = [];
  const dissector = bacnetDissector.create((event) => {
    if (event.name === 'bacnet_property') {
      const { object_type: type, instance_number: number, property, value } = event as PropertyEvent;
      parts.push(`${type} ${number} ${property}${value === undefined ? '' : ` = ${value}`}`);
    } else if (event.name === 'bacnet_discovery') {
      const { object_type: type, instance_number: number, range, object_name: called } = event as DiscoveryEvent;
      parts.push([type === undefined ? '' : `${type} ${number}`, called ?? '', range ?? ''].join(' ').trim());
    } else if (event.name === 'bacnet') {
      const { result_code: code } = event as { result_code?: string };
      if (code !== undefined && ERROR_CODES.find(code) !== undefined) parts.push(code);
    }
  });
  dissector.data(true, 0, bytes, start, end);
  const more = parts.length - MOST_NAMED;
  return parts.slice(0, MOST_NAMED).join('; ') + (more > 0 ? ` and ${more} more` : '');
}
