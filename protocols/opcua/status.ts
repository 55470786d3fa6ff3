/** Status codes (OPC 10000-4, 7.39 and 10000-6, A.2): names and their upper 16 bits. The lower ones tell of limits, overflow and the like. */

/** Name and code in turn, hexadecimal. */
const CODES = `
Good 0 Uncertain 4000 Bad 8000 BadUnexpectedError 8001 BadInternalError 8002 BadOutOfMemory 8003
BadResourceUnavailable 8004 BadCommunicationError 8005 BadEncodingError 8006 BadDecodingError 8007
BadEncodingLimitsExceeded 8008 BadRequestTooLarge 80b8 BadResponseTooLarge 80b9 BadUnknownResponse 8009
BadTimeout 800a BadServiceUnsupported 800b BadShutdown 800c BadServerNotConnected 800d BadServerHalted 800e
BadNothingToDo 800f BadTooManyOperations 8010 BadTooManyMonitoredItems 80db BadDataTypeIdUnknown 8011
BadCertificateInvalid 8012 BadSecurityChecksFailed 8013 BadCertificatePolicyCheckFailed 8114
BadCertificateTimeInvalid 8014 BadCertificateIssuerTimeInvalid 8015 BadCertificateHostNameInvalid 8016
BadCertificateUriInvalid 8017 BadCertificateUseNotAllowed 8018 BadCertificateIssuerUseNotAllowed 8019
BadCertificateUntrusted 801a BadCertificateRevocationUnknown 801b BadCertificateIssuerRevocationUnknown 801c
BadCertificateRevoked 801d BadCertificateIssuerRevoked 801e BadCertificateChainIncomplete 810d
BadUserAccessDenied 801f BadIdentityTokenInvalid 8020 BadIdentityTokenRejected 8021 BadSecureChannelIdInvalid 8022
BadInvalidTimestamp 8023 BadNonceInvalid 8024 BadSessionIdInvalid 8025 BadSessionClosed 8026
BadSessionNotActivated 8027 BadSubscriptionIdInvalid 8028 BadRequestHeaderInvalid 802a
BadTimestampsToReturnInvalid 802b BadRequestCancelledByClient 802c BadTooManyArguments 80e5 BadLicenseExpired 810e
BadLicenseLimitsExceeded 810f BadLicenseNotAvailable 8110 BadServerTooBusy 80ee GoodPasswordChangeRequired ef
GoodSubscriptionTransferred 2d GoodCompletesAsynchronously 2e GoodOverload 2f GoodClamped 30 BadNoCommunication 8031
BadWaitingForInitialData 8032 BadNodeIdInvalid 8033 BadNodeIdUnknown 8034 BadAttributeIdInvalid 8035
BadIndexRangeInvalid 8036 BadIndexRangeNoData 8037 BadIndexRangeDataMismatch 80ea BadDataEncodingInvalid 8038
BadDataEncodingUnsupported 8039 BadNotReadable 803a BadNotWritable 803b BadOutOfRange 803c UncertainOverRange 40f2
UncertainUnderRange 40f3 BadNotSupported 803d BadNotFound 803e BadObjectDeleted 803f BadNotImplemented 8040
BadMonitoringModeInvalid 8041 BadMonitoredItemIdInvalid 8042 BadMonitoredItemFilterInvalid 8043
BadMonitoredItemFilterUnsupported 8044 BadFilterNotAllowed 8045 BadStructureMissing 8046 BadEventFilterInvalid 8047
BadContentFilterInvalid 8048 BadFilterOperatorInvalid 80c1 BadFilterOperatorUnsupported 80c2
BadFilterOperandCountMismatch 80c3 BadFilterOperandInvalid 8049 BadFilterElementInvalid 80c4
BadFilterLiteralInvalid 80c5 BadContinuationPointInvalid 804a BadNoContinuationPoints 804b
BadReferenceTypeIdInvalid 804c BadBrowseDirectionInvalid 804d BadNodeNotInView 804e BadNumericOverflow 8112
BadLocaleNotSupported 80ed BadNoValue 80f0 BadServerUriInvalid 804f BadServerNameMissing 8050
BadDiscoveryUrlMissing 8051 BadSemaphoreFileMissing 8052 BadRequestTypeInvalid 8053 BadSecurityModeRejected 8054
BadSecurityPolicyRejected 8055 BadTooManySessions 8056 BadUserSignatureInvalid 8057
BadApplicationSignatureInvalid 8058 BadNoValidCertificates 8059 BadIdentityChangeNotSupported 80c6
BadRequestCancelledByRequest 805a BadParentNodeIdInvalid 805b BadReferenceNotAllowed 805c BadNodeIdRejected 805d
BadNodeIdExists 805e BadNodeClassInvalid 805f BadBrowseNameInvalid 8060 BadBrowseNameDuplicated 8061
BadNodeAttributesInvalid 8062 BadTypeDefinitionInvalid 8063 BadSourceNodeIdInvalid 8064 BadTargetNodeIdInvalid 8065
BadDuplicateReferenceNotAllowed 8066 BadInvalidSelfReference 8067 BadReferenceLocalOnly 8068 BadNoDeleteRights 8069
UncertainReferenceNotDeleted 40bc BadServerIndexInvalid 806a BadViewIdUnknown 806b BadViewTimestampInvalid 80c9
BadViewParameterMismatch 80ca BadViewVersionInvalid 80cb UncertainNotAllNodesAvailable 40c0
GoodResultsMayBeIncomplete ba BadNotTypeDefinition 80c8 UncertainReferenceOutOfServer 406c BadTooManyMatches 806d
BadQueryTooComplex 806e BadNoMatch 806f BadMaxAgeInvalid 8070 BadSecurityModeInsufficient 80e6
BadHistoryOperationInvalid 8071 BadHistoryOperationUnsupported 8072 BadInvalidTimestampArgument 80bd
BadWriteNotSupported 8073 BadTypeMismatch 8074 BadMethodInvalid 8075 BadArgumentsMissing 8076 BadNotExecutable 8111
BadTooManySubscriptions 8077 BadTooManyPublishRequests 8078 BadNoSubscription 8079 BadSequenceNumberUnknown 807a
GoodRetransmissionQueueNotSupported df BadMessageNotAvailable 807b BadInsufficientClientProfile 807c
BadStateNotActive 80bf BadAlreadyExists 8115 BadTcpServerTooBusy 807d BadTcpMessageTypeInvalid 807e
BadTcpSecureChannelUnknown 807f BadTcpMessageTooLarge 8080 BadTcpNotEnoughResources 8081 BadTcpInternalError 8082
BadTcpEndpointUrlInvalid 8083 BadRequestInterrupted 8084 BadRequestTimeout 8085 BadSecureChannelClosed 8086
BadSecureChannelTokenUnknown 8087 BadSequenceNumberInvalid 8088 BadProtocolVersionUnsupported 80be
BadConfigurationError 8089 BadNotConnected 808a BadDeviceFailure 808b BadSensorFailure 808c BadOutOfService 808d
BadDeadbandFilterInvalid 808e UncertainNoCommunicationLastUsableValue 408f UncertainLastUsableValue 4090
UncertainSubstituteValue 4091 UncertainInitialValue 4092 UncertainSensorNotAccurate 4093
UncertainEngineeringUnitsExceeded 4094 UncertainSubNormal 4095 GoodLocalOverride 96 GoodSubNormal eb
BadRefreshInProgress 8097 BadConditionAlreadyDisabled 8098 BadConditionAlreadyEnabled 80cc BadConditionDisabled 8099
BadEventIdUnknown 809a BadEventNotAcknowledgeable 80bb BadDialogNotActive 80cd BadDialogResponseInvalid 80ce
BadConditionBranchAlreadyAcked 80cf BadConditionBranchAlreadyConfirmed 80d0 BadConditionAlreadyShelved 80d1
BadConditionNotShelved 80d2 BadShelvingTimeOutOfRange 80d3 BadNoData 809b BadBoundNotFound 80d7
BadBoundNotSupported 80d8 BadDataLost 809d BadDataUnavailable 809e BadEntryExists 809f BadNoEntryExists 80a0
BadTimestampNotSupported 80a1 GoodEntryInserted a2 GoodEntryReplaced a3 UncertainDataSubNormal 40a4 GoodNoData a5
GoodMoreData a6 BadAggregateListMismatch 80d4 BadAggregateNotSupported 80d5 BadAggregateInvalidInputs 80d6
BadAggregateConfigurationRejected 80da GoodDataIgnored d9 BadRequestNotAllowed 80e4 BadRequestNotComplete 8113
BadTransactionPending 80e8 BadTransactionFailed 80f1 BadTicketRequired 811f BadTicketInvalid 8120 BadLocked 80e9
BadRequiresLock 80ec GoodEdited dc GoodPostActionFailed dd UncertainDominantValueChanged 40de
GoodDependentValueChanged e0 BadDominantValueChanged 80e1 UncertainDependentValueChanged 40e2
BadDependentValueChanged 80e3 GoodCommunicationEvent a7 GoodShutdownEvent a8 GoodCallAgain a9
GoodNonCriticalTimeout aa BadInvalidArgument 80ab BadConnectionRejected 80ac BadDisconnect 80ad
BadConnectionClosed 80ae BadInvalidState 80af BadEndOfStream 80b0 BadNoDataAvailable 80b1 BadWaitingForResponse 80b2
BadOperationAbandoned 80b3 BadExpectedStreamToBlock 80b4 BadWouldBlock 80b5 BadSyntaxError 80b6
BadMaxConnectionsReached 80b7 UncertainTransducerInManual 4208 UncertainSimulatedValue 4209
UncertainSensorCalibration 420a UncertainConfigurationError 420f GoodCascadeInitializationAcknowledged 401
GoodCascadeInitializationRequest 402 GoodCascadeNotInvited 403 GoodCascadeNotSelected 404 GoodFaultStateActive 407
GoodInitiateFaultState 408 GoodCascade 409 BadDataSetIdInvalid 80e7
`;

const byName = new Map<string, number>();
const byCode = new Map<number, string>();
{
  const words = CODES.trim().split(/\s+/);
  for (let i = 0; i < words.length; i += 2) {
    const code = Number.parseInt(words[i + 1] as string, 16) * 0x10000;
    byName.set(words[i] as string, code);
    byCode.set(code, words[i] as string);
  }
}

/** Whole 32 bits of a status. @throws Error for a name that there is not, which is a mistake in this program */
function statusOf(name: string): number {
  const code = byName.get(name);
  if (code === undefined) throw new Error(`there is no status code '${name}'`);
  return code;
}

/** Name of a status, whatever its info bits; `0x81ff0000` for one that has none. */
export const statusName = (status: number): string =>
  byCode.get((status & 0xffff0000) >>> 0) ?? `0x${status.toString(16).padStart(8, '0')}`;

export const isBad = (status: number): boolean => status >= 0x8000_0000;
export const isGood = (status: number): boolean => status < 0x4000_0000;

/** Those that our server and client speak. */
export const STATUS = {
  good: 0,
  uncertainLastUsableValue: statusOf('UncertainLastUsableValue'),
  uncertainInitialValue: statusOf('UncertainInitialValue'),
  goodNoData: statusOf('GoodNoData'),
  goodMoreData: statusOf('GoodMoreData'),
  goodSubscriptionTransferred: statusOf('GoodSubscriptionTransferred'),
  goodClamped: statusOf('GoodClamped'),
  badUnexpectedError: statusOf('BadUnexpectedError'),
  badCommunicationError: statusOf('BadCommunicationError'),
  badEncodingError: statusOf('BadEncodingError'),
  badDecodingError: statusOf('BadDecodingError'),
  badEncodingLimitsExceeded: statusOf('BadEncodingLimitsExceeded'),
  badRequestTooLarge: statusOf('BadRequestTooLarge'),
  badResponseTooLarge: statusOf('BadResponseTooLarge'),
  badTimeout: statusOf('BadTimeout'),
  badServiceUnsupported: statusOf('BadServiceUnsupported'),
  badNothingToDo: statusOf('BadNothingToDo'),
  badTooManyOperations: statusOf('BadTooManyOperations'),
  badTooManyMonitoredItems: statusOf('BadTooManyMonitoredItems'),
  badSecurityChecksFailed: statusOf('BadSecurityChecksFailed'),
  badUserAccessDenied: statusOf('BadUserAccessDenied'),
  badIdentityTokenInvalid: statusOf('BadIdentityTokenInvalid'),
  badIdentityTokenRejected: statusOf('BadIdentityTokenRejected'),
  badSecureChannelIdInvalid: statusOf('BadSecureChannelIdInvalid'),
  badSessionIdInvalid: statusOf('BadSessionIdInvalid'),
  badSessionClosed: statusOf('BadSessionClosed'),
  badSessionNotActivated: statusOf('BadSessionNotActivated'),
  badSubscriptionIdInvalid: statusOf('BadSubscriptionIdInvalid'),
  badTimestampsToReturnInvalid: statusOf('BadTimestampsToReturnInvalid'),
  badRequestCancelledByClient: statusOf('BadRequestCancelledByClient'),
  badNoCommunication: statusOf('BadNoCommunication'),
  badWaitingForInitialData: statusOf('BadWaitingForInitialData'),
  badNodeIdInvalid: statusOf('BadNodeIdInvalid'),
  badNodeIdUnknown: statusOf('BadNodeIdUnknown'),
  badAttributeIdInvalid: statusOf('BadAttributeIdInvalid'),
  badIndexRangeInvalid: statusOf('BadIndexRangeInvalid'),
  badIndexRangeNoData: statusOf('BadIndexRangeNoData'),
  badDataEncodingInvalid: statusOf('BadDataEncodingInvalid'),
  badDataEncodingUnsupported: statusOf('BadDataEncodingUnsupported'),
  badNotReadable: statusOf('BadNotReadable'),
  badNotWritable: statusOf('BadNotWritable'),
  badOutOfRange: statusOf('BadOutOfRange'),
  badNotSupported: statusOf('BadNotSupported'),
  badNotFound: statusOf('BadNotFound'),
  badMonitoringModeInvalid: statusOf('BadMonitoringModeInvalid'),
  badMonitoredItemIdInvalid: statusOf('BadMonitoredItemIdInvalid'),
  badMonitoredItemFilterInvalid: statusOf('BadMonitoredItemFilterInvalid'),
  badMonitoredItemFilterUnsupported: statusOf('BadMonitoredItemFilterUnsupported'),
  badFilterNotAllowed: statusOf('BadFilterNotAllowed'),
  badStructureMissing: statusOf('BadStructureMissing'),
  badEventFilterInvalid: statusOf('BadEventFilterInvalid'),
  badContinuationPointInvalid: statusOf('BadContinuationPointInvalid'),
  badNoContinuationPoints: statusOf('BadNoContinuationPoints'),
  badReferenceTypeIdInvalid: statusOf('BadReferenceTypeIdInvalid'),
  badBrowseDirectionInvalid: statusOf('BadBrowseDirectionInvalid'),
  badSecurityModeRejected: statusOf('BadSecurityModeRejected'),
  badSecurityPolicyRejected: statusOf('BadSecurityPolicyRejected'),
  badTooManySessions: statusOf('BadTooManySessions'),
  badIdentityChangeNotSupported: statusOf('BadIdentityChangeNotSupported'),
  badViewIdUnknown: statusOf('BadViewIdUnknown'),
  badNoMatch: statusOf('BadNoMatch'),
  badMaxAgeInvalid: statusOf('BadMaxAgeInvalid'),
  badHistoryOperationInvalid: statusOf('BadHistoryOperationInvalid'),
  badHistoryOperationUnsupported: statusOf('BadHistoryOperationUnsupported'),
  badInvalidTimestampArgument: statusOf('BadInvalidTimestampArgument'),
  badWriteNotSupported: statusOf('BadWriteNotSupported'),
  badTypeMismatch: statusOf('BadTypeMismatch'),
  badMethodInvalid: statusOf('BadMethodInvalid'),
  badArgumentsMissing: statusOf('BadArgumentsMissing'),
  badTooManyArguments: statusOf('BadTooManyArguments'),
  badTooManySubscriptions: statusOf('BadTooManySubscriptions'),
  badTooManyPublishRequests: statusOf('BadTooManyPublishRequests'),
  badNoSubscription: statusOf('BadNoSubscription'),
  badSequenceNumberUnknown: statusOf('BadSequenceNumberUnknown'),
  badMessageNotAvailable: statusOf('BadMessageNotAvailable'),
  badInvalidArgument: statusOf('BadInvalidArgument'),
  badTcpMessageTypeInvalid: statusOf('BadTcpMessageTypeInvalid'),
  badTcpSecureChannelUnknown: statusOf('BadTcpSecureChannelUnknown'),
  badTcpMessageTooLarge: statusOf('BadTcpMessageTooLarge'),
  badTcpNotEnoughResources: statusOf('BadTcpNotEnoughResources'),
  badTcpEndpointUrlInvalid: statusOf('BadTcpEndpointUrlInvalid'),
  badSecureChannelClosed: statusOf('BadSecureChannelClosed'),
  badSecureChannelTokenUnknown: statusOf('BadSecureChannelTokenUnknown'),
  badSequenceNumberInvalid: statusOf('BadSequenceNumberInvalid'),
  badProtocolVersionUnsupported: statusOf('BadProtocolVersionUnsupported'),
  badNotConnected: statusOf('BadNotConnected'),
  badDeviceFailure: statusOf('BadDeviceFailure'),
  badInvalidState: statusOf('BadInvalidState'),
  badDeadbandFilterInvalid: statusOf('BadDeadbandFilterInvalid'),
  badEventIdUnknown: statusOf('BadEventIdUnknown'),
  badConditionBranchAlreadyAcked: statusOf('BadConditionBranchAlreadyAcked'),
  badBrowseNameInvalid: statusOf('BadBrowseNameInvalid'),
  badQueryTooComplex: statusOf('BadQueryTooComplex'),
  badRequestTypeInvalid: statusOf('BadRequestTypeInvalid'),
  badLocaleNotSupported: statusOf('BadLocaleNotSupported'),
  badConnectionClosed: statusOf('BadConnectionClosed'),
} as const;
