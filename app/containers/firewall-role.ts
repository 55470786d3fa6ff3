/** The container that is the plant's firewall: a device like the others (it logs, asks for the time), and the router between the zones. */
import { type AgentOptions, DeviceAgent } from './agent.ts';
import { firewallOfRuns } from './firewall.ts';

export function firewallAgent(options: Omit<AgentOptions, 'firewall'>): DeviceAgent {
  const agent = new DeviceAgent({ ...options, firewall: firewallOfRuns({ note: options.note }) });
  agent.start();
  return agent;
}
