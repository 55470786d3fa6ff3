/**
 * The doors of devices in `plant.yaml`: pages, consoles, file drops, SNMP, and who may come in by them. What they let somebody do is the
 * simulated device's; none of them leads to a file, a process or a socket of the machine that the range runs on.
 */
import { z } from 'zod';
import { duration, id, tagId } from './plant-words.ts';

const port = z.int().min(1).max(65_535);
/** Printable without spaces or colons, which basic authentication and consoles cannot carry in a name. */
const userName = z
  .string()
  .regex(/^[\x21-\x39\x3b-\x7e]{1,32}$/, 'a user name is 1 to 32 characters without spaces and colons');
const secret = z.string().regex(/^[\x20-\x7e]{0,64}$/, 'a password is at most 64 printable characters');

/** Somebody whom a device knows, the same at each of its doors. */
export const accountSchema = z.strictObject({
  user: userName,
  password: secret,
  /** `view` reads, `operate` moves set points too, `admin` does everything. */
  access: z.enum(['view', 'operate', 'admin']).default('admin'),
  /** The password is the one that the vendor delivers; scenarios may log on with it and with no other. */
  vendorDefault: z.boolean().default(false),
});
export type AccountSpec = z.output<typeof accountSchema>;

/** A device whose firmware can be replaced over the network. What it runs at first is its identity's revision. */
export const firmwareSchema = z.strictObject({
  /** Images must be signed by the vendor and whole. Without it every image for the product is taken, and one that is broken bricks the device. */
  signed: z.boolean().default(false),
  /** How long the device is away while it writes an image. */
  flash: duration.optional(),
});
export type FirmwareSpec = z.output<typeof firmwareSchema>;

const allow = z.array(id).optional();

export const webServiceSchema = z.strictObject({
  protocol: z.literal('web'),
  port: port.default(80),
  /** What needs a logon: every page, only changes, or nothing. */
  login: z.enum(['pages', 'changes', 'none']).default('pages'),
  /** Points that can be written on its page, by tag. */
  setPoints: z.array(tagId).default([]),
  /** Of a camera: what it looks at, one gauge a view. */
  views: z.array(z.strictObject({ name: id, tag: tagId })).default([]),
  /** Only these devices may connect; everybody when left out. */
  allow,
});
export type WebServiceSpec = z.output<typeof webServiceSchema>;

export const telnetServiceSchema = z.strictObject({
  protocol: z.literal('telnet'),
  port: port.default(23),
  allow,
});
export type TelnetServiceSpec = z.output<typeof telnetServiceSchema>;

export const ftpServiceSchema = z.strictObject({
  protocol: z.literal('ftp'),
  port: port.default(21),
  /** What somebody without an account may do: nothing, read, or leave files too. */
  anonymous: z.enum(['none', 'read', 'drop']).default('none'),
  /** First and last port of passive data connections. */
  dataPorts: z.tuple([port, port]).default([50_000, 50_003]),
  allow,
});
export type FtpServiceSpec = z.output<typeof ftpServiceSchema>;

export const snmpServiceSchema = z.strictObject({
  protocol: z.literal('snmp'),
  port: port.default(161),
  communities: z
    .array(
      z.strictObject({
        name: secret,
        access: z.enum(['read', 'write']).default('read'),
        vendorDefault: z.boolean().default(false),
      }),
    )
    .min(1)
    .default([{ name: 'public', access: 'read', vendorDefault: true }]),
  contact: z.string().max(255).default(''),
  location: z.string().max(255).default(''),
  allow,
});
export type SnmpServiceSpec = z.output<typeof snmpServiceSchema>;

/** Ports of passive data connections, one by one. */
export const dataPortsOf = ({ dataPorts: [first, last] }: FtpServiceSpec): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);
