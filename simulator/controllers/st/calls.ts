/** Type check of calls: standard functions, user's functions, instances of function blocks (IEC 61131-3 ed. 3, clause 6.6.1.4). */
import { checkAggregate, expect, resolve } from './expressions.ts';
import type { Call, Node, Place, Pou, Scalar } from './ir.ts';
import { conversionNamed, STANDARD } from './standard-functions.ts';
import type { Argument, At, Expression, Name, Reference } from './syntax.ts';
import { type Member, sameType, scalarOf, valueType, widens } from './types.ts';
import { fail, lookUp, type Scope, unknown } from './unit.ts';

/** A function call inside an expression. */
export function checkCall(scope: Scope, name: Name, args: readonly Argument[], hint: Scalar | undefined): Node {
  const { unit } = scope;
  const key = name.text.toUpperCase();
  const pou = unit.pous.get(key);
  if (pou?.kind === 'function') {
    const call = callOf(scope, pou, undefined, args, name);
    if (pou.result === undefined) return fail(unit, 'st.type', `the function ${pou.name} returns nothing`, name);
    return { op: 'call', type: pou.result, call, line: name.line, calls: true };
  }
  const standard = STANDARD.get(key) ?? conversionNamed(key);
  if (standard !== undefined)
    return standard.check({
      scope,
      name: key,
      at: name,
      args: ordered(scope, key, standard.parameters, args, name),
      hint,
    });
  if (pou !== undefined)
    return fail(
      unit,
      'st.type',
      `${pou.name} is a ${pou.kind.replace('-', ' ')}; declare an instance and call that`,
      name,
    );
  if (lookUp(scope, name.text)?.kind === 'variable')
    return fail(
      unit,
      'st.type',
      `'${name.text}' is a variable; an instance is called as a statement, its outputs are read as ${name.text}.Q`,
      name,
    );
  return unknown(unit, 'the function', name.text, [...functionNames(scope), ...STANDARD.keys()], name);
}

function functionNames(scope: Scope): string[] {
  return [...scope.unit.pous.values()].filter((pou) => pou.kind === 'function').map((pou) => pou.name);
}

/** Puts the arguments of a standard function into the order of its parameters. */
function ordered(
  scope: Scope,
  name: string,
  parameters: readonly string[],
  args: readonly Argument[],
  at: At,
): Expression[] {
  const { unit } = scope;
  const last = parameters.at(-1);
  const repeats = last?.endsWith('#') ?? false;
  const wanted = parameters.length;
  // An extensible function has at least two inputs of the repeated kind.
  const enough = repeats ? args.length >= wanted + 1 : args.length === wanted;
  if (!enough)
    return fail(
      unit,
      'st.type',
      `${name} takes ${repeats ? `${wanted + 1} or more` : wanted} arguments, ${args.length} were given`,
      at,
    );
  const result: (Expression | undefined)[] = new Array(args.length).fill(undefined);
  for (const [i, argument] of args.entries()) {
    if (argument.kind === 'output')
      return fail(unit, 'st.type', `${name} has no output '${argument.name.text}'`, argument.at);
    const position = argument.kind === 'positional' ? i : positionOf(parameters, argument.name.text.toUpperCase());
    if (position < 0 || position >= args.length) {
      const names = args.map((_, k) => formal(parameters, k));
      return unknown(unit, `the input of ${name}`, (argument as { name: Name }).name.text, names, argument.at);
    }
    if (result[position] !== undefined)
      return fail(unit, 'st.type', `the input ${formal(parameters, position)} of ${name} is given twice`, argument.at);
    result[position] = argument.value;
  }
  return result as Expression[];
}

const isRepeated = (parameters: readonly string[], k: number): boolean =>
  k >= parameters.length - 1 && (parameters.at(-1)?.endsWith('#') ?? false);

function formal(parameters: readonly string[], k: number): string {
  if (!isRepeated(parameters, k)) return parameters[k];
  const [, stem, first] = /^(\D+)(\d+)#$/.exec(parameters.at(-1) as string) as RegExpExecArray;
  return `${stem}${Number(first) + k - parameters.length + 1}`;
}

function positionOf(parameters: readonly string[], name: string): number {
  const plain = parameters.indexOf(name);
  if (plain >= 0) return plain;
  for (let k = parameters.length - 1; k < parameters.length + 64; k++)
    if (isRepeated(parameters, k) && formal(parameters, k) === name) return k;
  return -1;
}

/** A call as a statement: an instance of a function block, or a function whose result is not wanted. */
export function checkInvocation(scope: Scope, callee: Reference, args: readonly Argument[]): Call | Node {
  const { unit } = scope;
  const key = callee.name.text.toUpperCase();
  if (callee.path.length === 0 && lookUp(scope, callee.name.text) === undefined) {
    const pou = unit.pous.get(key);
    if (pou?.kind === 'function') return callOf(scope, pou, undefined, args, callee.at);
    return checkCall(scope, callee.name, args, undefined);
  }
  const place = resolve(scope, callee);
  if (place.type.kind !== 'block')
    return fail(
      unit,
      'st.type',
      `'${callee.name.text}' is a ${place.type.name}; only instances of function blocks are called`,
      callee.at,
    );
  const pou = unit.pous.get(place.type.name.toUpperCase()) as Pou;
  return callOf(scope, pou, place, args, callee.at);
}

function callOf(scope: Scope, pou: Pou, instance: Place | undefined, args: readonly Argument[], at: At): Call {
  const { unit } = scope;
  scope.pou?.callees.add(pou);
  const parameters = [...pou.members.values()].filter(
    (member) => member.section === 'input' || member.section === 'inout',
  );
  const outputs = [...pou.members.values()].filter((member) => member.section === 'output');
  const call = {
    inputs: [] as Call['inputs'][number][],
    references: [] as Call['references'][number][],
    outputs: [] as Call['outputs'][number][],
  };
  const seen = new Set<Member>();
  if (args.some((argument) => argument.kind === 'positional')) {
    const positional = args.filter((argument) => argument.kind === 'positional');
    if (positional.length < args.length)
      return fail(
        unit,
        'st.type',
        'either all arguments are named or none',
        args.find((a) => a.kind !== 'positional')?.at ?? at,
      );
    if (args.length !== parameters.length)
      return fail(
        unit,
        'st.type',
        `${pou.name} takes ${parameters.length} arguments (${parameters.map((p) => p.name).join(', ')}), ${args.length} were given`,
        at,
      );
  }
  for (const [i, argument] of args.entries()) {
    if (argument.kind === 'output') {
      const member = outputs.find((candidate) => candidate.name.toUpperCase() === argument.name.text.toUpperCase());
      if (member === undefined)
        return unknown(
          unit,
          `the output of ${pou.name}`,
          argument.name.text,
          outputs.map((m) => m.name),
          argument.at,
        );
      if (argument.target !== undefined) call.outputs.push(output(scope, member, argument.target, argument.negated));
      continue;
    }
    const member =
      argument.kind === 'positional'
        ? parameters[i]
        : parameters.find((candidate) => candidate.name.toUpperCase() === argument.name.text.toUpperCase());
    if (member === undefined) {
      const { text } = (argument as { name: Name }).name;
      return unknown(
        unit,
        `the input of ${pou.name}`,
        text,
        parameters.map((m) => m.name),
        argument.at,
      );
    }
    if (seen.has(member)) return fail(unit, 'st.type', `'${member.name}' is given twice`, argument.at);
    seen.add(member);
    if (member.section === 'inout') call.references.push(byReference(scope, member, argument.value));
    else call.inputs.push({ member, value: byValue(scope, member, argument.value) });
  }
  for (const member of parameters)
    if (member.section === 'inout' && !seen.has(member))
      return fail(unit, 'st.type', `${pou.name} needs its VAR_IN_OUT '${member.name}'`, at);
  return { pou, instance, ...call, line: at.line };
}

function byValue(scope: Scope, member: Member, value: Expression): Node | Place {
  if (scalarOf(member.type) !== undefined) return expect(scope, value, member.type);
  if (value.kind !== 'reference')
    return fail(scope.unit, 'st.type', `expected a variable of ${member.type.name}`, value.at);
  const place = resolve(scope, value.reference);
  checkAggregate(scope, { ...place, type: member.type }, place, value.at);
  return place;
}

function byReference(scope: Scope, member: Member, value: Expression): Call['references'][number] {
  const { unit } = scope;
  if (value.kind !== 'reference')
    return fail(unit, 'st.type', `the VAR_IN_OUT '${member.name}' needs a variable, not a value`, value.at);
  const place = resolveTarget(scope, value.reference);
  if (place.bit !== undefined) return fail(unit, 'st.type', 'a single bit cannot be passed as VAR_IN_OUT', value.at);
  if (
    !sameType(place.type, member.type) ||
    (scalarOf(place.type)?.length ?? 0) !== (scalarOf(member.type)?.length ?? 0)
  )
    return fail(
      unit,
      'st.type',
      `the VAR_IN_OUT '${member.name}' needs a ${member.type.name}, found ${place.type.name}`,
      value.at,
    );
  return { member, place };
}

function output(scope: Scope, member: Member, target: Reference, negated: boolean): Call['outputs'][number] {
  const { unit } = scope;
  const place = resolveTarget(scope, target);
  const [from, to] = [valueType(member.type), valueType(place.type)];
  if (scalarOf(from) === undefined || scalarOf(to) === undefined) {
    if (negated) return fail(unit, 'st.type', 'NOT needs a BOOL output', target.at);
    checkAggregate(scope, place, { ...place, type: member.type }, target.at);
    return { member, place, value: { negated, from: from as Scalar, to: to as Scalar } };
  }
  const [source, wanted] = [from as Scalar, to as Scalar];
  if (negated && source.name !== 'BOOL') return fail(unit, 'st.type', 'NOT needs a BOOL output', target.at);
  const fits =
    source.kind === 'elementary' && wanted.kind === 'elementary' ? widens(source, wanted) : source.name === wanted.name;
  if (!fits)
    return fail(
      unit,
      'st.type',
      `the output '${member.name}' is ${source.name}, its target is ${wanted.name}`,
      target.at,
    );
  return { member, place, value: { negated, from: source, to: wanted } };
}

/**
 * Resolves what is assigned to.
 * @throws PenstockError `st.type` for constants, inputs of the running unit and outputs of other instances.
 */
export function resolveTarget(scope: Scope, target: Reference): Place {
  const { unit } = scope;
  const found = lookUp(scope, target.name.text);
  if (found?.kind === 'variable') {
    const { member } = found;
    if (member.constant)
      return fail(unit, 'st.type', `'${member.name}' is a constant and cannot be assigned`, target.at);
    if (found.root === 'local' && member.section === 'input')
      return fail(
        unit,
        'st.type',
        `'${member.name}' is a VAR_INPUT and cannot be assigned inside ${scope.pou?.name}`,
        target.at,
      );
  }
  const place = resolve(scope, target);
  let type = found?.kind === 'variable' ? found.member.type : undefined;
  for (const selector of target.path) {
    if (selector.kind === 'index' && type?.kind === 'array') type = type.of;
    if (selector.kind !== 'member' || (type?.kind !== 'block' && type?.kind !== 'struct')) continue;
    const member = type.members.get(selector.name.text.toUpperCase());
    if (type.kind === 'block' && member?.section === 'output')
      return fail(
        unit,
        'st.type',
        `'${member.name}' is an output of ${type.name} and cannot be assigned from outside`,
        selector.name,
      );
    type = member?.type;
  }
  return place;
}
