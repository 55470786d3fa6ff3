"""pymodbus's own server with 200 holding registers; prints its port."""
import asyncio
import socket

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncTcpServer

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]


async def main():
    slave = ModbusSlaveContext(hr=ModbusSequentialDataBlock(0, [0] * 201))
    serving = asyncio.ensure_future(
        StartAsyncTcpServer(context=ModbusServerContext(slaves=slave, single=True), address=("127.0.0.1", port))
    )
    await asyncio.sleep(0.5)
    print(port, flush=True)
    await serving


asyncio.run(main())
