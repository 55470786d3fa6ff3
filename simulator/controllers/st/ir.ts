/** The checked program: every name resolved to a place in memory, every conversion written out, constants folded. */
import type { PouDeclaration } from './syntax.ts';
import type { BlockType, Elementary, Enumeration, Member, Size, Type, Value } from './types.ts';

/**
 * Where a value lies. `base` counts from the start of the globals, of the instance that runs, or from where the instance's
 * pointer (VAR_IN_OUT) points to.
 */
export interface Place {
  readonly root: 'global' | 'local' | 'reference';
  readonly base: Size;
  /** For a reference: slot of the instance where the pointer's three parts begin. */
  readonly pointer: number;
  readonly indices: readonly Index[];
  readonly type: Type;
  /** A single bit of a bit string. */
  readonly bit: number | undefined;
  /** That bit string is an LWORD. */
  readonly wide: boolean;
  readonly line: number;
}

export interface Index {
  readonly value: Node;
  readonly low: number;
  readonly high: number;
  readonly stride: Size;
}

export type Scalar = Elementary | Enumeration;

export type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'mod' | 'power';
export type Relation = '<' | '>' | '<=' | '>=' | '=' | '<>';

interface Base {
  readonly type: Scalar;
  readonly line: number;
  /** Contains a call of a user's function, which may change variables that stand elsewhere in the same expression. */
  readonly calls: boolean;
}

export type Node =
  | (Base & { readonly op: 'constant'; readonly value: Value; readonly untyped: boolean })
  | (Base & { readonly op: 'load'; readonly place: Place })
  | (Base & { readonly op: 'arithmetic'; readonly name: Arithmetic; readonly left: Node; readonly right: Node })
  | (Base & { readonly op: 'negate'; readonly operand: Node })
  | (Base & { readonly op: 'compare'; readonly relation: Relation; readonly left: Node; readonly right: Node })
  | (Base & { readonly op: 'logic'; readonly name: 'and' | 'or' | 'xor'; readonly left: Node; readonly right: Node })
  | (Base & { readonly op: 'not'; readonly operand: Node })
  | (Base & { readonly op: 'convert'; readonly operand: Node; readonly truncate: boolean })
  | (Base & { readonly op: 'function'; readonly name: string; readonly args: readonly Node[] })
  | (Base & { readonly op: 'call'; readonly call: Call });

export type ConstantNode = Extract<Node, { op: 'constant' }>;

/** Inputs, references and outputs of one call of a function or a function block. */
export interface Call {
  readonly pou: Pou;
  /** The instance of a function block; undefined for a function, whose frame is static (recursion does not exist). */
  readonly instance: Place | undefined;
  readonly inputs: readonly { readonly member: Member; readonly value: Node | Place }[];
  readonly references: readonly { readonly member: Member; readonly place: Place }[];
  readonly outputs: readonly { readonly member: Member; readonly place: Place; readonly value: OutputValue }[];
  readonly line: number;
}

/** How an output reaches its target: the frame's member is read through `Place` of the callee, then converted. */
export interface OutputValue {
  readonly negated: boolean;
  readonly from: Scalar;
  readonly to: Scalar;
}

export type Step =
  | { readonly op: 'assign'; readonly place: Place; readonly value: Node; readonly line: number }
  | { readonly op: 'copy'; readonly place: Place; readonly from: Place; readonly line: number }
  | {
      readonly op: 'if';
      readonly branches: readonly { readonly test: Node; readonly body: readonly Step[] }[];
      readonly otherwise: readonly Step[];
      readonly line: number;
    }
  | {
      readonly op: 'case';
      readonly selector: Node;
      readonly branches: readonly {
        readonly ranges: readonly (readonly [Value, Value])[];
        readonly body: readonly Step[];
      }[];
      readonly otherwise: readonly Step[];
      readonly line: number;
    }
  | {
      readonly op: 'for';
      readonly place: Place;
      readonly type: Elementary;
      readonly from: Node;
      readonly to: Node;
      readonly by: Node;
      readonly body: readonly Step[];
      readonly line: number;
    }
  | { readonly op: 'while'; readonly test: Node; readonly body: readonly Step[]; readonly line: number }
  | { readonly op: 'repeat'; readonly body: readonly Step[]; readonly until: Node; readonly line: number }
  | { readonly op: 'exit' | 'continue' | 'return'; readonly line: number }
  | { readonly op: 'invoke'; readonly call: Call; readonly line: number }
  | { readonly op: 'evaluate'; readonly node: Node; readonly line: number };

/** A program organisation unit: program, function or function block (IEC 61131-3 ed. 3, clause 6.6). */
export interface Pou {
  readonly kind: 'program' | 'function' | 'function-block';
  readonly name: string;
  /** By upper-case name, in the order of declaration. */
  readonly members: Map<string, Member>;
  size: Size;
  result: Scalar | undefined;
  /** The type of its instances, for function blocks. */
  block: BlockType | undefined;
  readonly declaration: PouDeclaration | undefined;
  body: readonly Step[];
  readonly callees: Set<Pou>;
  /** Name of the native implementation of a standard function block. */
  readonly native: string | undefined;
}

export const isPlace = (value: Node | Place): value is Place => 'root' in value;
