/** What a device says of itself; its revision is that of the firmware that it runs. Every protocol has this one object. */
import type { DeviceIdentity } from '@penstock/core';

export class RunningIdentity implements DeviceIdentity {
  readonly vendor: string;
  readonly productCode: string;
  readonly productName: string;
  readonly modelName: string;
  readonly vendorUrl: string | undefined;
  readonly application: string | undefined;
  revision: string;

  constructor(identity: DeviceIdentity) {
    this.vendor = identity.vendor;
    this.productCode = identity.productCode;
    this.productName = identity.productName;
    this.modelName = identity.modelName;
    this.vendorUrl = identity.vendorUrl;
    this.application = identity.application;
    this.revision = identity.revision;
  }
}
