/** What is said over the management channel about sessions that somebody who sits at a device holds from there to others. */
import type { ServiceName } from '@penstock/protocols/opcua';
import type {
  BacnetSession,
  Cause,
  Dnp3Session,
  DoorSession,
  MqttLogin,
  MqttSession,
  OpcUaLogin,
} from '@penstock/simulator/kernel';

/** Over what a session is opened, and to whom. */
export type Opening =
  | { readonly over: 'modbus' | 's7'; readonly target: string }
  | { readonly over: 'dnp3'; readonly target: string; readonly cause: Cause; readonly as?: number }
  | { readonly over: 'mqtt'; readonly target: string; readonly cause: Cause; readonly login: MqttLogin }
  | { readonly over: 'opcua'; readonly target: string; readonly cause: Cause; readonly login?: OpcUaLogin }
  | {
      readonly over: 'engineering' | 'points' | 'bacnet' | 'doors';
      readonly target: string;
      readonly cause: Cause;
    };

type Objects = Parameters<Dnp3Session['read']>[0];
type Command = Parameters<Dnp3Session['command']>[0];
type BacnetWrite = Parameters<BacnetSession['write']>;
type SnmpQuestion = Parameters<DoorSession['snmp']>;

/** One piece of work over a session; those of its kind only. */
export type Work =
  | { readonly do: 'pdu'; readonly unit: number; readonly pdu: Uint8Array; readonly cause: Cause }
  | { readonly do: 'message'; readonly message: Uint8Array; readonly cause: Cause }
  | { readonly do: 'read'; readonly objects: Objects; readonly cause: Cause }
  | { readonly do: 'perform'; readonly code: number; readonly objects: Objects; readonly cause: Cause }
  | {
      readonly do: 'command';
      readonly command: Command;
      readonly way: 'select' | 'direct';
      readonly cause: Cause;
    }
  | { readonly do: 'write-point'; readonly tag: string; readonly value: number }
  | { readonly do: 'read-program' | 'delete-program' }
  | { readonly do: 'log-on'; readonly password: string }
  | { readonly do: 'write-program'; readonly text: string }
  | { readonly do: 'set-mode'; readonly mode: 'run' | 'stop' }
  | { readonly do: 'read-property'; readonly place: BacnetWrite[0]; readonly cause: Cause }
  | {
      readonly do: 'write-property';
      readonly place: BacnetWrite[0];
      readonly values: BacnetWrite[1];
      readonly priority?: number;
      readonly cause: Cause;
    }
  | {
      readonly do: 'reinitialize';
      readonly request: Parameters<BacnetSession['reinitialize']>[0];
      readonly cause: Cause;
    }
  | {
      readonly do: 'communication-control';
      readonly control: Parameters<BacnetSession['communicationControl']>[0];
      readonly cause: Cause;
    }
  | {
      readonly do: 'who-is';
      readonly low: number;
      readonly high: number;
      readonly everybody: boolean;
      readonly cause: Cause;
    }
  | { readonly do: 'connect' }
  | { readonly do: 'publish'; readonly message: Parameters<MqttSession['publish']>[0] }
  | { readonly do: 'subscribe'; readonly filters: readonly string[] }
  | { readonly do: 'raw'; readonly bytes: Uint8Array }
  | { readonly do: 'service'; readonly service: ServiceName; readonly body: unknown; readonly cause: Cause }
  | { readonly do: 'web'; readonly request: Parameters<DoorSession['web']>[0] }
  | {
      readonly do: 'console';
      readonly login: Parameters<DoorSession['console']>[0];
      readonly lines: readonly string[];
    }
  | {
      readonly do: 'files';
      readonly login: Parameters<DoorSession['files']>[0];
      readonly errand: Parameters<DoorSession['files']>[1];
    }
  | {
      readonly do: 'snmp';
      readonly community: SnmpQuestion[0];
      readonly kind: SnmpQuestion[1];
      readonly oids: SnmpQuestion[2];
    };

/** What came of an OPC UA service. */
export interface Served {
  readonly response?: unknown;
  readonly status: number;
}
