"""pymodbus's client against the server on the port given; prints what it saw as JSON."""
import json
import sys

from pymodbus.client import ModbusTcpClient
from pymodbus.diag_message import ReturnQueryDataRequest
from pymodbus.file_message import FileRecord, ReadFileRecordRequest, WriteFileRecordRequest
from pymodbus.mei_message import ReadDeviceInformationRequest
from pymodbus.other_message import ReadExceptionStatusRequest, ReportSlaveIdRequest
from pymodbus.register_read_message import ReadWriteMultipleRegistersRequest
from pymodbus.register_write_message import MaskWriteRegisterRequest

client = ModbusTcpClient("127.0.0.1", port=int(sys.argv[1]), timeout=30)
assert client.connect()


def ask(request):
    # Versions differ in what they call the unit, and some drop it when it is passed.
    request.unit_id = request.slave_id = 1
    return client.execute(request)


seen = {}
seen["holding"] = client.read_holding_registers(2, 2, slave=1).registers
seen["input"] = client.read_input_registers(0, 1, slave=1).registers
client.write_coils(19, [True, False, True, True, False], slave=1)
seen["coils"] = client.read_coils(19, 5, slave=1).bits[:5]
seen["discrete"] = len(client.read_discrete_inputs(10, 10, slave=1).bits[:10])
client.write_registers(1, [10, 258], slave=1)
seen["registers"] = client.read_holding_registers(1, 2, slave=1).registers
client.write_register(4, 0x12, slave=1)
ask(MaskWriteRegisterRequest(4, 0xF2, 0x25))
seen["masked"] = client.read_holding_registers(4, 1, slave=1).registers[0]
request = ReadWriteMultipleRegistersRequest(read_address=3, read_count=2, write_address=3, write_registers=[0xFF])
seen["readWrite"] = ask(request).registers
exceptions = [
    client.read_holding_registers(250, 1, slave=1),
    client.write_register(60, 501, slave=1),
    client.write_register(50, 1, slave=1),
    client.write_register(313, 7, slave=1),
]
seen["exceptions"] = [answer.exception_code for answer in exceptions]
seen["queryData"] = ask(ReturnQueryDataRequest(0x4D6F)).message[0].to_bytes(2, "big").hex()
seen["status"] = ask(ReadExceptionStatusRequest()).status
identity = ask(ReadDeviceInformationRequest(read_code=1, object_id=0)).information
seen["identity"] = [identity[number].decode() for number in sorted(identity)]
records = [FileRecord(reference_type=6, file_number=1, record_number=0, record_length=2)]
seen["file"] = ask(ReadFileRecordRequest(records)).records[0].record_data.hex()
ask(WriteFileRecordRequest([FileRecord(reference_type=6, file_number=1, record_number=100, record_data=b"\xca\xfe")]))
# The run indicator follows the identifier.
seen["slaveId"] = ask(ReportSlaveIdRequest()).identifier[:-1].decode()
client.close()
print(json.dumps(seen))
