import { type Instant, seconds } from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { describe, expect, it } from 'vitest';
import { openPlant, Play } from '../index.ts';

describe('the office of the drinking-water works', () => {
  it('gets no answer from a controller, and the firewall says on syslog what it dropped', async () => {
    const plant = await openPlant('drinking-water');
    const logged: string[] = [];
    const play = new Play({
      plant,
      run: 'zones',
      seed: 3,
      startAt: seconds(9 * 3600),
      onDeviceLog: (_, device, entry) =>
        logged.push(`${device} ${entry.id} ${entry.parameters.dst} ${entry.parameters.dport}`),
    });
    const address = plant.spec.devices.find((device) => device.id === 'dosing-plc')?.address as string;
    const ended: string[] = [];
    play.range.network.host('office-workstation').connect(parseIpv4(address), 502, {
      open: () => ended.push('open'),
      data: () => {},
      closed: (reason) => ended.push(reason),
    });
    play.runUntil(seconds(30) as number as Instant);
    play.finish();
    expect(ended).toEqual(['timeout']);
    expect(logged).toContain(`firewall dropped ${address} 502`);
  });
});
