/** Numbers of BACnet and their names (ASHRAE 135-2020, clause 21), one table of each kind. */
import { type Names, names } from './name-table.ts';

/** BACnetObjectType. */
export const OBJECT_TYPES: Names = names(
  `
  0: analog-input analog-output analog-value binary-input binary-output binary-value calendar command device event-enrollment file group loop
  13: multi-state-input multi-state-output notification-class program schedule averaging multi-state-value trend-log life-safety-point
  22: life-safety-zone accumulator pulse-converter event-log global-group trend-log-multiple load-control structured-view access-door timer
  32: access-credential access-point access-rights access-user access-zone credential-data-input network-security bitstring-value
  40: characterstring-value datepattern-value date-value datetimepattern-value datetime-value integer-value large-analog-value octetstring-value
  48: positive-integer-value timepattern-value time-value notification-forwarder alert-enrollment channel lighting-output binary-lighting-output
  56: network-port elevator-group escalator lift
`,
  'vendor-specific',
);

/** Error classes (clause 18). */
export const ERROR_CLASSES: Names = names(`
  0: device object property resources security services vt communication
`);

/** Error codes (clause 18). */
export const ERROR_CODES: Names = names(`
  0: other
  2: configuration-in-progress device-busy dynamic-creation-not-supported file-access-denied
  7: inconsistent-parameters inconsistent-selection-criterion invalid-data-type invalid-file-access-method invalid-file-start-position
  13: invalid-parameter-data-type invalid-timestamp
  16: missing-required-parameter no-objects-of-specified-type no-space-for-object no-space-to-add-list-element no-space-to-write-property
  21: no-vt-sessions-available property-is-not-a-list object-deletion-not-permitted object-identifier-already-exists operational-problem
  26: password-failure read-access-denied
  29: service-request-denied timeout unknown-object unknown-property
  34: unknown-vt-class unknown-vt-session unsupported-object-type value-out-of-range vt-session-already-closed vt-session-termination-failure
  40: write-access-denied character-set-not-supported invalid-array-index cov-subscription-failed not-cov-property
  45: optional-functionality-not-supported invalid-configuration-data datatype-not-supported duplicate-name duplicate-object-id
  50: property-is-not-an-array abort-buffer-overflow abort-invalid-apdu-in-this-state abort-preempted-by-higher-priority-task
  54: abort-segmentation-not-supported abort-proprietary abort-other invalid-tag network-down reject-buffer-overflow reject-inconsistent-parameters
  61: reject-invalid-parameter-data-type reject-invalid-tag reject-missing-required-parameter reject-parameter-out-of-range reject-too-many-arguments
  66: reject-undefined-enumeration reject-unrecognized-service reject-proprietary reject-other unknown-device unknown-route value-not-initialized
  73: invalid-event-state no-alarm-configured log-buffer-full logged-value-purged no-property-specified not-configured-for-triggered-logging
  79: unknown-subscription parameter-out-of-range list-element-not-found busy communication-disabled success access-denied bad-destination-address
  87: bad-destination-device-id bad-signature bad-source-address bad-timestamp cannot-use-key cannot-verify-message-id correct-key-revision
  94: destination-device-id-required duplicate-message encryption-not-configured encryption-required incorrect-key invalid-key-data
  100: key-update-in-progress malformed-message not-key-server security-not-configured source-security-required too-many-keys
  106: unknown-authentication-type unknown-key unknown-key-revision unknown-source-message not-router-to-dnet router-busy unknown-network-message
  113: message-too-long security-error addressing-error write-bdt-failed read-bdt-failed register-foreign-device-failed read-fdt-failed
  120: delete-fdt-entry-failed distribute-broadcast-failed unknown-file-size abort-apdu-too-long abort-application-exceeded-reply-time
  125: abort-out-of-resources abort-tsm-timeout abort-window-size-out-of-range file-full inconsistent-configuration inconsistent-object-type
  131: internal-error not-configured out-of-memory value-too-long abort-insufficient-security abort-security-error duplicate-entry
  138: invalid-value-in-this-state
`);

/** Reasons of a Reject-PDU (clause 18.8). */
export const REJECT_REASONS: Names = names(`
  0: other buffer-overflow inconsistent-parameters invalid-parameter-data-type invalid-tag missing-required-parameter parameter-out-of-range
  7: too-many-arguments undefined-enumeration unrecognized-service
`);

/** Reasons of an Abort-PDU (clause 18.9). */
export const ABORT_REASONS: Names = names(`
  0: other buffer-overflow invalid-apdu-in-this-state preempted-by-higher-priority-task segmentation-not-supported security-error
  6: insufficient-security window-size-out-of-range application-exceeded-reply-time out-of-resources tsm-timeout apdu-too-long
`);

/** BACnetEventState. */
export const EVENT_STATES: Names = names(`
  0: normal fault offnormal high-limit low-limit life-safety-alarm
`);

/** BACnetEventType. */
export const EVENT_TYPES: Names = names(`
  0: change-of-bitstring change-of-state change-of-value command-failure floating-limit out-of-range complex-event-type
  8: change-of-life-safety extended buffer-ready unsigned-range
  13: access-event double-out-of-range signed-out-of-range unsigned-out-of-range change-of-characterstring change-of-status-flags
  19: change-of-reliability none change-of-discrete-value change-of-timer
`);

/** BACnetNotifyType. */
export const NOTIFY_TYPES: Names = names(`
  0: alarm event ack-notification
`);

/** BACnetReliability. */
export const RELIABILITIES: Names = names(`
  0: no-fault-detected no-sensor over-range under-range open-loop shorted-loop no-output unreliable-other process-error multi-state-fault
  10: configuration-error
  12: communication-failure member-fault monitored-object-fault tripped lamp-failure activation-failure renew-dhcp-failure
  19: renew-fd-registration-failure restart-auto-negotiation-failure restart-failure proprietary-command-failure faults-listed
  24: referenced-object-fault
`);

/** BACnetSegmentation. */
export const SEGMENTATIONS: Names = names(`
  0: segmented-both segmented-transmit segmented-receive no-segmentation
`);

/** BACnetDeviceStatus. */
export const DEVICE_STATUSES: Names = names(`
  0: operational operational-read-only download-required download-in-progress non-operational backup-in-progress
`);

/** Services that are answered (clause 21). */
export const CONFIRMED_SERVICES: Names = names(`
  0: acknowledge-alarm confirmed-cov-notification confirmed-event-notification get-alarm-summary get-enrollment-summary subscribe-cov
  6: atomic-read-file atomic-write-file add-list-element remove-list-element create-object delete-object read-property read-property-conditional
  14: read-property-multiple write-property write-property-multiple device-communication-control confirmed-private-transfer confirmed-text-message
  20: reinitialize-device vt-open vt-close vt-data authenticate request-key
  26: read-range life-safety-operation subscribe-cov-property get-event-information subscribe-cov-property-multiple
  31: confirmed-cov-notification-multiple confirmed-audit-notification audit-log-query
`);

/** Services that nobody answers (clause 21). */
export const UNCONFIRMED_SERVICES: Names = names(`
  0: i-am i-have unconfirmed-cov-notification unconfirmed-event-notification unconfirmed-private-transfer unconfirmed-text-message
  6: time-synchronization who-has who-is utc-time-synchronization write-group unconfirmed-cov-notification-multiple unconfirmed-audit-notification who-am-i you-are
`);

/** What a device is asked to do by ReinitializeDevice. */
export const REINITIALIZED_STATES: Names = names(`
  0: coldstart warmstart startbackup endbackup startrestore endrestore abortrestore activate-changes
`);

/** What DeviceCommunicationControl asks for. */
export const ENABLE_DISABLE: Names = names(`
  0: enable disable disable-initiation
`);

/** Functions of the virtual link control (annex J.2). */
export const BVLC_FUNCTIONS: Names = names(`
  0: bvlc-result write-broadcast-distribution-table read-broadcast-distribution-table read-broadcast-distribution-table-ack forwarded-npdu
  5: register-foreign-device read-foreign-device-table read-foreign-device-table-ack delete-foreign-device-table-entry
  9: distribute-broadcast-to-network original-unicast-npdu original-broadcast-npdu secure-bvll
`);

/** Messages of the network layer (clause 6.2.4). */
export const NETWORK_MESSAGES: Names = names(`
  0: who-is-router-to-network i-am-router-to-network i-could-be-router-to-network reject-message-to-network router-busy-to-network
  5: router-available-to-network initialize-routing-table initialize-routing-table-ack establish-connection-to-network
  9: disconnect-connection-to-network challenge-request security-payload security-response request-key-update update-key-set
  15: update-distribution-key request-master-key set-master-key what-is-network-number network-number-is
`);
