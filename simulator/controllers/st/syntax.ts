/** The syntax tree of Structured Text: what the parser makes and the type checker reads. Names keep the case of the source. */

/** Where a node begins; counts from 1. */
export interface At {
  readonly line: number;
  readonly column: number;
}

export interface Name extends At {
  readonly text: string;
}

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | 'MOD'
  | '**'
  | '<'
  | '>'
  | '<='
  | '>='
  | '='
  | '<>'
  | 'AND'
  | 'XOR'
  | 'OR';

export type LiteralKind = 'integer' | 'real' | 'typed' | 'typed-name' | 'duration' | 'date' | 'string' | 'boolean';

export type Expression =
  | {
      readonly kind: 'literal';
      readonly at: At;
      readonly depth: number;
      readonly literal: LiteralKind;
      readonly text: string;
    }
  | {
      readonly kind: 'binary';
      readonly at: At;
      readonly depth: number;
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'unary';
      readonly at: At;
      readonly depth: number;
      readonly operator: '-' | 'NOT';
      readonly operand: Expression;
    }
  | { readonly kind: 'reference'; readonly at: At; readonly depth: number; readonly reference: Reference }
  | {
      readonly kind: 'call';
      readonly at: At;
      readonly depth: number;
      readonly name: Name;
      readonly args: readonly Argument[];
    };

/** `a.b[1, i].c`, `w.%X3` or `w.3`. */
export interface Reference {
  readonly at: At;
  readonly name: Name;
  readonly path: readonly Selector[];
}

export type Selector =
  | { readonly kind: 'member'; readonly name: Name }
  | { readonly kind: 'index'; readonly at: At; readonly indices: readonly Expression[] }
  | { readonly kind: 'bit'; readonly at: At; readonly bit: number };

export type Argument =
  | { readonly kind: 'positional'; readonly at: At; readonly value: Expression }
  | { readonly kind: 'input'; readonly at: At; readonly name: Name; readonly value: Expression }
  | {
      readonly kind: 'output';
      readonly at: At;
      readonly name: Name;
      readonly negated: boolean;
      readonly target: Reference | undefined;
    };

export interface CaseLabel {
  readonly low: Expression;
  readonly high: Expression | undefined;
}

export interface Branch<Condition> {
  readonly condition: Condition;
  readonly body: readonly Statement[];
}

export type Statement =
  | { readonly kind: 'assign'; readonly at: At; readonly target: Reference; readonly value: Expression }
  | { readonly kind: 'call'; readonly at: At; readonly callee: Reference; readonly args: readonly Argument[] }
  | {
      readonly kind: 'if';
      readonly at: At;
      readonly branches: readonly Branch<Expression>[];
      readonly otherwise: readonly Statement[] | undefined;
    }
  | {
      readonly kind: 'case';
      readonly at: At;
      readonly selector: Expression;
      readonly branches: readonly Branch<readonly CaseLabel[]>[];
      readonly otherwise: readonly Statement[] | undefined;
    }
  | {
      readonly kind: 'for';
      readonly at: At;
      readonly variable: Reference;
      readonly from: Expression;
      readonly to: Expression;
      readonly by: Expression | undefined;
      readonly body: readonly Statement[];
    }
  | { readonly kind: 'while'; readonly at: At; readonly condition: Expression; readonly body: readonly Statement[] }
  | { readonly kind: 'repeat'; readonly at: At; readonly body: readonly Statement[]; readonly until: Expression }
  | { readonly kind: 'exit' | 'continue' | 'return'; readonly at: At };

export type TypeSyntax =
  | { readonly kind: 'named'; readonly at: At; readonly name: Name }
  | {
      readonly kind: 'subrange';
      readonly at: At;
      readonly base: Name;
      readonly low: Expression;
      readonly high: Expression;
    }
  | {
      readonly kind: 'enum';
      readonly at: At;
      readonly base: Name | undefined;
      readonly values: readonly { readonly name: Name; readonly value: Expression | undefined }[];
    }
  | {
      readonly kind: 'array';
      readonly at: At;
      readonly bounds: readonly { readonly low: Expression; readonly high: Expression }[];
      readonly of: TypeSyntax;
    }
  | { readonly kind: 'string'; readonly at: At; readonly length: Expression | undefined }
  | { readonly kind: 'struct'; readonly at: At; readonly members: readonly VariableSyntax[] };

export type InitialSyntax =
  | { readonly kind: 'expression'; readonly at: At; readonly value: Expression }
  | {
      readonly kind: 'array';
      readonly at: At;
      readonly elements: readonly { readonly count: number; readonly value: InitialSyntax | undefined }[];
    }
  | {
      readonly kind: 'struct';
      readonly at: At;
      readonly members: readonly { readonly name: Name; readonly value: InitialSyntax }[];
    };

export interface VariableSyntax {
  readonly name: Name;
  readonly type: TypeSyntax;
  readonly initial: InitialSyntax | undefined;
  readonly location: string | undefined;
}

export type Section = 'VAR' | 'VAR_INPUT' | 'VAR_OUTPUT' | 'VAR_IN_OUT' | 'VAR_TEMP' | 'VAR_GLOBAL' | 'VAR_EXTERNAL';

export interface VariableBlock {
  readonly at: At;
  readonly section: Section;
  readonly retain: boolean;
  readonly constant: boolean;
  readonly variables: readonly VariableSyntax[];
}

export interface TypeDeclaration {
  readonly kind: 'type';
  readonly name: Name;
  readonly type: TypeSyntax;
  readonly initial: InitialSyntax | undefined;
}

export interface PouDeclaration {
  readonly kind: 'program' | 'function' | 'function-block';
  readonly at: At;
  readonly name: Name;
  readonly result: TypeSyntax | undefined;
  readonly blocks: readonly VariableBlock[];
  readonly body: readonly Statement[];
  /** Line of the closing keyword, for errors that concern the whole. */
  readonly endLine: number;
}

export interface GlobalsDeclaration {
  readonly kind: 'globals';
  readonly block: VariableBlock;
}

export type Declaration = TypeDeclaration | PouDeclaration | GlobalsDeclaration;
