/** How structures are described: a type reads and writes one kind of value, and larger ones are put together from smaller. */
import type { Reader, Writer } from './bytes.ts';

export interface Type<T> {
  read(reader: Reader): T;
  write(writer: Writer, value: T): void;
}

/** The values of a type. */
export type Of<X> = X extends Type<infer T> ? T : never;

export const boolean: Type<boolean> = { read: (r) => r.u8() !== 0, write: (w, v) => w.u8(v ? 1 : 0) };
export const u8: Type<number> = { read: (r) => r.u8(), write: (w, v) => w.u8(v) };
export const u16: Type<number> = { read: (r) => r.u16(), write: (w, v) => w.u16(v) };
export const u32: Type<number> = { read: (r) => r.u32(), write: (w, v) => w.u32(v) };
export const i32: Type<number> = { read: (r) => r.i32(), write: (w, v) => w.i32(v) };
export const f64: Type<number> = { read: (r) => r.f64(), write: (w, v) => w.f64(v) };
/** Microseconds since 1970; 0 where none is given. */
export const time: Type<number> = { read: (r) => r.time(), write: (w, v) => w.time(v) };
export const string: Type<string | undefined> = { read: (r) => r.string(), write: (w, v) => w.string(v) };
export const byteString: Type<Uint8Array | undefined> = {
  read: (r) => r.byteString(),
  write: (w, v) => w.byteString(v),
};

/** Null is read as empty. */
export function array<T>(of: Type<T>): Type<readonly T[]> {
  return {
    read: (reader) => {
      const count = reader.count();
      const values: T[] = [];
      for (let i = 0; i < count && !reader.bad; i++) values.push(of.read(reader));
      return values;
    },
    write: (writer, values) => {
      writer.i32(values.length);
      for (let i = 0; i < values.length; i++) of.write(writer, values[i] as T);
    },
  };
}

/** Empty is written as null, as stacks write arrays that are never used. */
export function arrayOrNull<T>(of: Type<T>): Type<readonly T[]> {
  const plain = array(of);
  return {
    read: plain.read,
    write: (writer, values) => (values.length === 0 ? writer.i32(-1) : plain.write(writer, values)),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a field's type is found again by `Of`
export type Fields = Readonly<Record<string, Type<any>>>;
/** The object that a structure with these fields is. */
export type Structure<F extends Fields> = { readonly [K in keyof F]: Of<F[K]> };

/** Fields in the order in which they stand. */
export function struct<F extends Fields>(fields: F): Type<Structure<F>> {
  const names = Object.keys(fields);
  const types = Object.values(fields) as Type<unknown>[];
  return {
    read: (reader) => {
      const value: Record<string, unknown> = {};
      for (let i = 0; i < names.length; i++) value[names[i] as string] = (types[i] as Type<unknown>).read(reader);
      return value as Structure<F>;
    },
    write: (writer, value) => {
      for (let i = 0; i < names.length; i++)
        (types[i] as Type<unknown>).write(writer, (value as Record<string, unknown>)[names[i] as string]);
    },
  };
}
