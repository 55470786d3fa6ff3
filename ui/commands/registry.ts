/**
 * Everything that can be done, as objects: toolbar, palette, shortcut sheet and keyboard are made of them. A view registers its own while
 * it is shown.
 */
import { useEffect, useSyncExternalStore } from 'react';
import type { IconName } from '../parts/icon.tsx';

export interface Command {
  readonly id: string;
  /** Key of the catalogue, and what is put into its sentence. */
  readonly label: string;
  readonly values?: Readonly<Record<string, string | number>>;
  readonly group: 'view' | 'go' | 'alarm' | 'plant' | 'attack' | 'page';
  readonly icon?: IconName;
  /** `p`, `Ctrl+k`, `?`; undefined: palette only. */
  readonly keys?: string;
  /** Whether it can be done now; always when left out. */
  readonly when?: () => boolean;
  readonly perform: () => void;
}

const commands = new Map<string, Command>();
const listeners = new Set<() => void>();
let listed: readonly Command[] = [];

/** Adds commands; returns what takes them away again. A second one of the same id or keys is a defect. */
export function register(added: readonly Command[]): () => void {
  for (const command of added) {
    const twin = [...commands.values()].find((c) => c.id === command.id || (c.keys && c.keys === command.keys));
    if (twin) throw new Error(`command '${command.id}' has the id or the keys of '${twin.id}'`);
    commands.set(command.id, command);
  }
  changed();
  return () => {
    for (const { id } of added) commands.delete(id);
    changed();
  };
}

/** Commands of a component while it is shown. `added` must keep its identity between renders (useMemo). */
export function useCommands(added: readonly Command[]): void {
  useEffect(() => register(added), [added]);
}

export function useAllCommands(): readonly Command[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => listed,
  );
}

function changed(): void {
  listed = [...commands.values()];
  for (const listener of listeners) listener();
}
