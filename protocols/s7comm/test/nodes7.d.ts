declare module 'nodes7' {
  type Value = number | boolean | string | number[] | boolean[];

  export default class NodeS7 {
    constructor(options?: { silent?: boolean; debug?: boolean });
    initiateConnection(
      options: { host: string; port: number; rack: number; slot: number; timeout?: number },
      done: (error?: Error) => void,
    ): void;
    dropConnection(done: () => void): void;
    addItems(items: string | readonly string[]): void;
    removeItems(items?: string | readonly string[]): void;
    readAllItems(done: (bad: boolean, values: Record<string, Value>) => void): void;
    writeItems(items: string | readonly string[], values: Value | readonly Value[], done: (bad: boolean) => void): void;
  }
}
