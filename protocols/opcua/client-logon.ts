/** How a client introduces itself and logs on. */
import { type Duration, seconds } from '@penstock/core';
import type { RequestOf } from './messages.ts';
import { TOKEN } from './objects.ts';
import type { EndpointDescription } from './structures.ts';
import { POLICY_NONE } from './tables.ts';

export interface OpcUaClientOptions {
  readonly endpointUrl: string;
  readonly applicationUri: string;
  readonly applicationName: string;
  readonly productUri?: string | undefined;
  readonly sessionName?: string | undefined;
  /** Anonymous when left out. */
  readonly user?: { readonly name: string; readonly password: string } | undefined;
  /** Microseconds since 1970. */
  readonly clock: { now(): number };
  /** How long an answer may take; default 5 s. */
  readonly timeout?: Duration | undefined;
  /** Default ten minutes. */
  readonly sessionTimeout?: Duration | undefined;
  /** Default one hour. */
  readonly channelLifetime?: Duration | undefined;
  /** Calls in flight at a time; default 8. */
  readonly depth?: number | undefined;
  /** Calls that wait behind those; default 256. */
  readonly queue?: number | undefined;
}

/** @param maxMessage longest answer that is taken, bytes */
export function createSessionBody(options: OpcUaClientOptions, maxMessage: number): RequestOf<'CreateSession'> {
  const { applicationUri, applicationName, productUri, endpointUrl, sessionName, sessionTimeout } = options;
  return {
    clientDescription: {
      ...{ applicationUri, productUri, applicationName: { locale: 'en', text: applicationName } },
      ...{ applicationType: 1, gatewayServerUri: undefined, discoveryProfileUri: undefined, discoveryUrls: [] },
    },
    ...{ serverUri: undefined, endpointUrl, sessionName: sessionName ?? applicationName },
    ...{ clientNonce: undefined, clientCertificate: undefined },
    requestedSessionTimeout: (sessionTimeout ?? seconds(600)) / 1000,
    maxResponseMessageSize: maxMessage,
  };
}

/** By the policy that the server has for it; undefined where it takes nobody of that kind. */
export function activateSessionBody(
  { user }: OpcUaClientOptions,
  endpoints: readonly EndpointDescription[],
): RequestOf<'ActivateSession'> | undefined {
  const endpoint = endpoints.find(({ securityPolicyUri }) => securityPolicyUri === POLICY_NONE);
  const policy = endpoint?.userIdentityTokens.find(({ tokenType }) => tokenType === (user === undefined ? 0 : 1));
  if (policy === undefined) return undefined;
  const { policyId } = policy;
  const noSignature = { algorithm: undefined, signature: undefined };
  return {
    ...{ clientSignature: noSignature, clientSoftwareCertificates: [], localeIds: ['en'] },
    userIdentityToken:
      user === undefined
        ? TOKEN.anonymousIdentityToken.pack({ policyId })
        : TOKEN.userNameIdentityToken.pack({
            ...{ policyId, userName: user.name, encryptionAlgorithm: undefined },
            password: new TextEncoder().encode(user.password),
          }),
    userTokenSignature: noSignature,
  };
}
