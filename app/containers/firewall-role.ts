/** The container that is the plant's firewall: a device like the others (it logs, asks for the time), and the router between the zones. */
import { type AgentOptions, DeviceAgent } from './agent.ts';
import { FirewallOfRuns } from './firewall.ts';

/** SIGUSR2 has it load its rules anew, as an administrator would: `docker compose kill -s SIGUSR2 firewall`. */
export function firewallAgent(options: Omit<AgentOptions, 'firewall'>): DeviceAgent {
  const firewall = new FirewallOfRuns({ note: options.note });
  const agent = new DeviceAgent({ ...options, firewall: (begin, dropped) => firewall.begin(begin, dropped) });
  process.on('SIGUSR2', () => firewall.reload());
  agent.start();
  return agent;
}
