import { type Names, names } from './name-table.ts';

/** BACnetPropertyIdentifier (clause 21). */
export const PROPERTIES: Names = names(
  `
  0: acked-transitions ack-required action action-text active-text active-vt-sessions alarm-value alarm-values all all-writes-successful
  10: apdu-segment-timeout apdu-timeout application-software-version archive bias change-of-state-count change-of-state-time notification-class
  19: controlled-variable-reference controlled-variable-units controlled-variable-value cov-increment date-list daylight-savings-status deadband
  26: derivative-constant derivative-constant-units description description-of-halt device-address-binding device-type effective-period
  33: elapsed-active-time error-limit event-enable event-state event-type exception-schedule fault-values feedback-value file-access-method file-size
  43: file-type firmware-revision high-limit inactive-text in-process instance-of integral-constant integral-constant-units
  52: limit-enable list-of-group-members list-of-object-property-references
  56: local-date local-time location low-limit manipulated-variable-reference maximum-output max-apdu-length-accepted max-info-frames max-master
  65: max-pres-value minimum-off-time minimum-on-time minimum-output min-pres-value model-name modification-date notify-type number-of-apdu-retries
  74: number-of-states object-identifier object-list object-name object-property-reference object-type optional out-of-service output-units
  83: event-parameters polarity present-value priority priority-array priority-for-writing process-identifier program-change program-location
  92: program-state proportional-constant proportional-constant-units protocol-conformance-class
  96: protocol-object-types-supported protocol-services-supported protocol-version read-only reason-for-halt
  102: recipient-list reliability relinquish-default required resolution segmentation-supported setpoint setpoint-reference state-text status-flags
  112: system-status time-delay time-of-active-time-reset time-of-state-count-reset time-synchronization-recipients units update-interval utc-offset
  120: vendor-identifier vendor-name vt-classes-supported weekly-schedule attempted-samples average-value buffer-size client-cov-increment
  128: cov-resubscription-interval
  130: event-time-stamps log-buffer log-device-object-property enable log-interval maximum-value minimum-value notification-threshold
  139: protocol-revision records-since-notification record-count start-time stop-time stop-when-full total-record-count valid-samples window-interval
  148: window-samples maximum-value-timestamp minimum-value-timestamp variance-value active-cov-subscriptions backup-failure-timeout
  154: configuration-files database-revision direct-reading last-restore-time maintenance-required member-of mode operation-expected setting silenced
  164: tracking-value zone-members life-safety-alarm-values max-segments-accepted profile-name auto-slave-discovery manual-slave-address-binding
  171: slave-address-binding slave-proxy-enable last-notify-record schedule-default accepted-modes adjust-value count count-before-change
  179: count-change-time cov-period input-reference limit-monitoring-interval logging-object logging-record prescale pulse-rate scale scale-factor
  189: update-time value-before-change value-set value-change-time align-intervals
  195: interval-offset last-restart-reason logging-type
  202: restart-notification-recipients time-of-device-restart time-synchronization-interval trigger utc-time-synchronization-recipients node-subtype
  208: node-type structured-object-list subordinate-annotations subordinate-list actual-shed-level duty-window expected-shed-level full-duty-baseline
  218: requested-shed-level shed-duration shed-level-descriptions shed-levels state-description
  226: door-alarm-state door-extended-pulse-time door-members door-open-too-long-time door-pulse-time door-status door-unlock-delay-time lock-status
  234: masked-alarm-values secured-status
  244: absentee-limit access-alarm-events access-doors access-event access-event-authentication-factor access-event-credential access-event-time
  251: access-transaction-events accompaniment accompaniment-time activation-time active-authentication-policy assigned-access-rights
  257: authentication-factors authentication-policy-list authentication-policy-names authentication-status authorization-mode belongs-to
  263: credential-disable credential-status credentials credentials-in-zone days-remaining entry-points exit-points expiration-time
  271: extended-time-enable failed-attempt-events failed-attempts failed-attempts-time last-access-event last-access-point last-credential-added
  278: last-credential-added-time last-credential-removed last-credential-removed-time last-use-time lockout lockout-relinquish-time
  285: max-failed-attempts members muster-point negative-access-rules number-of-authentication-policies occupancy-count occupancy-count-adjust
  292: occupancy-count-enable
  294: occupancy-lower-limit occupancy-lower-limit-enforced occupancy-state occupancy-upper-limit occupancy-upper-limit-enforced
  300: passback-mode passback-timeout positive-access-rules reason-for-disable supported-formats supported-format-classes threat-authority
  307: threat-level trace-flag transaction-notification-class user-external-identifier user-information-reference
  317: user-name user-type uses-remaining zone-from zone-to access-event-tag global-identifier
  326: verification-time
  328: distribution-key-revision do-not-hide key-sets last-key-server network-access-security-policies packet-reorder-time security-pdu-timeout
  335: security-time-window supported-security-algorithms update-key-set-timeout backup-and-restore-state backup-preparation-time
  340: restore-completion-time restore-preparation-time bit-mask bit-text is-utc group-members group-member-names member-status-flags
  348: requested-update-interval covu-period covu-recipients event-message-texts event-message-texts-config event-detection-enable
  354: event-algorithm-inhibit event-algorithm-inhibit-ref time-delay-normal reliability-evaluation-inhibit fault-parameters fault-type
  360: local-forwarding-only process-identifier-filter subscribed-recipients port-filter authorization-exemptions allow-group-delay-inhibit
  366: channel-number control-groups execution-delay last-priority write-status property-list serial-number blink-warn-enable default-fade-time
  375: default-ramp-rate default-step-increment egress-time in-progress instantaneous-power lighting-command lighting-command-default-priority
  382: max-actual-value min-actual-value power transition egress-active interface-value fault-high-limit fault-low-limit low-diff-limit strike-count
  392: time-of-strike-count-reset default-timeout initial-timeout last-state-change state-change-values timer-running timer-state apdu-length
  400: ip-address ip-default-gateway ip-dhcp-enable ip-dhcp-lease-time ip-dhcp-lease-time-remaining ip-dhcp-server ip-dns-server
  407: bacnet-ip-global-address bacnet-ip-mode bacnet-ip-multicast-address bacnet-ip-nat-traversal ip-subnet-mask bacnet-ip-udp-port
  413: bbmd-accept-fd-registrations bbmd-broadcast-distribution-table bbmd-foreign-device-table changes-pending command fd-bbmd-address
  419: fd-subscription-lifetime link-speed link-speeds link-speed-autonegotiate mac-address network-interface-name network-number
  426: network-number-quality network-type routing-table virtual-mac-address-table command-time-array current-command-priority last-command-time
  433: value-source value-source-array bacnet-ipv6-mode ipv6-address ipv6-prefix-length bacnet-ipv6-udp-port ipv6-default-gateway
  440: bacnet-ipv6-multicast-address ipv6-dns-server ipv6-auto-addressing-enable ipv6-dhcp-lease-time ipv6-dhcp-lease-time-remaining ipv6-dhcp-server
  446: ipv6-zone-index assigned-landing-calls car-assigned-direction car-door-command car-door-status car-door-text car-door-zone car-drive-status
  454: car-load car-load-units car-mode car-moving-direction car-position elevator-group energy-meter energy-meter-ref escalator-mode fault-signals
  464: floor-text group-id
  467: group-mode higher-deck installation-id landing-calls landing-call-control landing-door-status lower-deck machine-room-id making-car-call
  476: next-stopping-floor operation-direction passenger-alarm power-mode registered-car-call active-cov-multiple-subscriptions protocol-level
  483: reference-port deployed-profile-location profile-location tags subordinate-node-types subordinate-tags subordinate-relationships
  490: default-subordinate-relationship represents
`,
  'vendor-specific',
);
