export { BirthBook, NodeBook, numberOf, type ReadMessage, type ReadMetric } from './book.ts';
export { type EdgeDevice, type EdgeMetric, type EdgeOptions, SparkplugEdge } from './edge.ts';
export { type HostOptions, SparkplugHost } from './host.ts';
export {
  DATA_TYPES,
  type DataType,
  decodePayload,
  encodePayload,
  type Metric,
  type MetricValue,
  type Payload,
} from './payload.ts';
export {
  decodeState,
  formatTopic,
  type MessageType,
  NAMESPACE,
  parseTopic,
  type SparkplugTopic,
  stateTopic,
} from './topic.ts';
