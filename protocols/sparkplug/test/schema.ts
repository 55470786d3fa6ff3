/** Sparkplug B's payload as protobufjs takes it: field numbers and types of the specification (3.0.0, 6.4), what our tests need of them. */
const field = (id: number, type: string, more: object = {}) => ({ id, type, ...more });
const repeated = { rule: 'repeated' };

export const SCHEMA = {
  nested: {
    Payload: {
      fields: {
        timestamp: field(1, 'uint64'),
        metrics: field(2, 'Metric', repeated),
        seq: field(3, 'uint64'),
        uuid: field(4, 'string'),
        body: field(5, 'bytes'),
      },
    },
    Metric: {
      oneofs: {
        value: {
          oneof: ['intValue', 'longValue', 'floatValue', 'doubleValue', 'booleanValue', 'stringValue', 'bytesValue'],
        },
      },
      fields: {
        name: field(1, 'string'),
        alias: field(2, 'uint64'),
        timestamp: field(3, 'uint64'),
        datatype: field(4, 'uint32'),
        isHistorical: field(5, 'bool'),
        isTransient: field(6, 'bool'),
        isNull: field(7, 'bool'),
        properties: field(9, 'PropertySet'),
        intValue: field(10, 'uint32'),
        longValue: field(11, 'uint64'),
        floatValue: field(12, 'float'),
        doubleValue: field(13, 'double'),
        booleanValue: field(14, 'bool'),
        stringValue: field(15, 'string'),
        bytesValue: field(16, 'bytes'),
      },
    },
    PropertySet: { fields: { keys: field(1, 'string', repeated), values: field(2, 'PropertyValue', repeated) } },
    PropertyValue: {
      fields: {
        type: field(1, 'uint32'),
        isNull: field(2, 'bool'),
        intValue: field(3, 'uint32'),
        longValue: field(4, 'uint64'),
        floatValue: field(5, 'float'),
        doubleValue: field(6, 'double'),
        booleanValue: field(7, 'bool'),
        stringValue: field(8, 'string'),
      },
    },
  },
};
