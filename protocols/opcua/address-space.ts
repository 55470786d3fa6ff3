/** The nodes of a server: the standard ones that clients look for (OPC 10000-5), and whatever the owner adds. Values are asked for, never kept. */
import {
  BUILT_IN,
  type LocalizedText,
  type NodeId,
  nodeIdText,
  numericId,
  type QualifiedName,
  type Variant,
} from './builtin.ts';
import { STANDARD_NODES, SUPER_REFERENCE } from './standard-nodes.ts';
import { ACCESS, NODE, NODE_CLASS } from './tables.ts';

/** A value as it is now. */
export interface Reading {
  readonly value: Variant;
  /** Good when left out. */
  readonly status?: number | undefined;
  /** Microseconds since 1970; that of the reading when left out. */
  readonly sourceTimestamp?: number | undefined;
}

export interface VariableFacets {
  /** Number of its data type's node. */
  readonly dataType: number;
  /** Built-in type of its values. */
  readonly builtIn: number;
  /** -1 scalar, 1 array. */
  readonly valueRank: number;
  readonly access: number;
  readonly read: (now: number) => Reading;
  /** The owner's number of it, for those that are written and kept. */
  readonly item?: number | undefined;
  readonly minimumSamplingInterval?: number | undefined;
}

export interface Reference {
  /** Number of its type in namespace 0. */
  readonly type: number;
  readonly isForward: boolean;
  readonly target: Node;
}

export interface Node {
  readonly id: NodeId;
  readonly nodeClass: number;
  readonly browseName: QualifiedName;
  readonly displayName: LocalizedText;
  readonly description?: LocalizedText | undefined;
  readonly references: Reference[];
  readonly variable?: VariableFacets | undefined;
  /** Of an object or view: 1 where events can be subscribed to. */
  readonly eventNotifier?: number | undefined;
  /** The owner's number of a method that can be called. */
  readonly method?: number | undefined;
}

type NodeFields = Omit<Node, 'references' | 'displayName'> & { readonly displayName?: LocalizedText };

export class AddressSpace {
  /** Namespace URIs in their order; 0 is that of OPC UA, 1 that of the application. */
  readonly namespaces: readonly string[];
  readonly #standard = new Map<number, Node>();
  readonly #others = new Map<string, Node>();

  constructor(namespaces: readonly string[]) {
    this.namespaces = ['http://opcfoundation.org/UA/', ...namespaces];
    this.#addStandard();
  }

  get size(): number {
    return this.#standard.size + this.#others.size;
  }

  find(id: NodeId): Node | undefined {
    return id.namespace === 0 && id.kind === 'numeric'
      ? this.#standard.get(id.value)
      : this.#others.get(nodeIdText(id));
  }

  /** @throws Error for a standard node that there is not, which is a mistake in this program */
  standard(number: number): Node {
    const node = this.#standard.get(number);
    if (node === undefined) throw new Error(`there is no standard node i=${number}`);
    return node;
  }

  /** Adds a node below `parent`; `type` is the number of its type definition. */
  add(fields: NodeFields, parent?: Node, reference: number = NODE.HasComponent, type?: number): Node {
    const node: Node = { displayName: { text: fields.browseName.name }, ...fields, references: [] };
    if (node.id.namespace === 0 && node.id.kind === 'numeric') this.#standard.set(node.id.value, node);
    else this.#others.set(nodeIdText(node.id), node);
    if (parent !== undefined) link(parent, reference, node);
    if (type !== undefined)
      node.references.push({ type: NODE.HasTypeDefinition, isForward: true, target: this.standard(type) });
    return node;
  }

  /** A property with a value that does not change. */
  addProperty(parent: Node, id: NodeId, name: string, dataType: number, value: Variant): Node {
    return this.add(
      {
        id,
        nodeClass: NODE_CLASS.Variable,
        browseName: { namespace: 0, name },
        variable: {
          ...{ dataType, builtIn: value.type, valueRank: Array.isArray(value.value) ? 1 : -1 },
          ...{ access: ACCESS.read, read: () => ({ value }) },
        },
      },
      parent,
      NODE.HasProperty,
      NODE.PropertyType,
    );
  }

  /** Whether reference type `type` is `wanted` or one of its subtypes. 0 as `wanted` means all. */
  isReference(type: number, wanted: number, withSubtypes: boolean): boolean {
    if (wanted === 0 || type === wanted) return true;
    if (!withSubtypes) return false;
    for (let at = SUPER_REFERENCE.get(type); at !== undefined; at = SUPER_REFERENCE.get(at))
      if (at === wanted) return true;
    return false;
  }

  isReferenceType(id: NodeId): boolean {
    return this.find(id)?.nodeClass === NODE_CLASS.ReferenceType;
  }

  #addStandard(): void {
    for (const { number, nodeClass, name, dataType } of STANDARD_NODES) {
      const isVariable = nodeClass === NODE_CLASS.Variable;
      this.add({
        id: numericId(number),
        nodeClass,
        browseName: { namespace: 0, name },
        ...(nodeClass === NODE_CLASS.Object ? { eventNotifier: number === NODE.Server ? 1 : 0 } : {}),
        ...(isVariable
          ? {
              variable: {
                ...{ dataType: dataType ?? BUILT_IN.String, builtIn: 0, valueRank: -1, access: ACCESS.read },
                read: () => ({ value: { type: 0, value: undefined } }),
              },
            }
          : {}),
      });
    }
    for (const { number, parent, reference, type } of STANDARD_NODES) {
      const node = this.standard(number);
      if (parent !== undefined) link(this.standard(parent), reference, node);
      if (type !== undefined)
        node.references.push({ type: NODE.HasTypeDefinition, isForward: true, target: this.standard(type) });
    }
  }

  /** Gives a standard variable its value. */
  bind(number: number, variable: Omit<VariableFacets, 'access'>): void {
    const node = this.standard(number);
    this.#standard.set(number, Object.assign(node, { variable: { ...variable, access: ACCESS.read } }));
  }
}

function link(from: Node, type: number, to: Node): void {
  from.references.push({ type, isForward: true, target: to });
  to.references.push({ type, isForward: false, target: from });
}
