/**
 * Where a technique stands in an attack's course: the tactics of MITRE ATT&CK for ICS v19.1, in the matrix's order, and the
 * techniques of each. A sub-technique goes with its technique.
 */
import { ICS_TACTICS } from '../techniques.ts';

const TECHNIQUES: Readonly<Record<string, string>> = {
  'initial-access': '0817 0819 0822 0847 0848 0860 0862 0864 0865 0866 0883 0886',
  execution: '0807 0821 0823 0834 0853 0858 0863 0871 0874 0895',
  persistence: '0859 0873 0889 1693 1694',
  'privilege-escalation': '0874 0890',
  evasion: '0820 0849 0851 0858 0872 0894 1692',
  discovery: '0840 0842 0846 0887 0888',
  'lateral-movement': '0843 0859 0866 0867 0886 1694',
  collection: '0801 0802 0811 0830 0845 0852 0861 0868 0877 0887 0893',
  'command-and-control': '0869 0884 0885',
  'inhibit-response-function': '0800 0809 0814 0816 0835 0838 0851 0878 0881 0892 1691 1693 1695',
  'impair-process-control': '0806 0836 1692 1693',
  impact: '0813 0815 0826 0827 0828 0829 0831 0832 0837 0879 0880 0882',
};

const ORDER = [...ICS_TACTICS];
/** Of several tactics the one that is furthest along: what an attacker can do already counts. */
const STAGES: ReadonlyMap<string, number> = new Map(
  ORDER.flatMap((tactic, stage) => (TECHNIQUES[tactic] ?? '').split(' ').map((number) => [`T${number}`, stage])),
);

/** Place of a technique in the matrix from 0 on, -1 for one that is unknown. */
export const stageOf = (technique: string): number => STAGES.get(technique.split('.')[0] as string) ?? -1;

/** The tactics that techniques belong to, in the matrix's order. */
export function tacticsOf(techniques: Iterable<string>): string[] {
  const stages = new Set<number>();
  for (const technique of techniques) stages.add(stageOf(technique));
  return ORDER.filter((_, stage) => stages.has(stage));
}

/** Orders techniques as the matrix does; unknown ones come first. */
export const byStage = (a: string, b: string): number => stageOf(a) - stageOf(b) || (a < b ? -1 : a > b ? 1 : 0);
