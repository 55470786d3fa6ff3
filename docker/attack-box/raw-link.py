"""Pumps Ethernet frames between an interface and stdin/stdout, each with its length (32 bits, little endian) in front.

usage: raw-link.py INTERFACE      needs CAP_NET_RAW; an empty frame on stdout says that it listens
"""
import os
import select
import socket
import struct
import sys

ALL_PROTOCOLS = 3
OUTGOING = 4  # what this host sends itself, as linux/if_packet.h numbers it

link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
link.bind((sys.argv[1], ALL_PROTOCOLS))
out = sys.stdout.buffer
out.write(struct.pack("<I", 0))
out.flush()
told = b""
while True:
    ready, _, _ = select.select([link, 0], [], [])
    if link in ready:
        frame, origin = link.recvfrom(1 << 17)
        if origin[2] != OUTGOING:
            out.write(struct.pack("<I", len(frame)) + frame)
            out.flush()
    if 0 in ready:
        chunk = os.read(0, 1 << 16)
        if not chunk:
            sys.exit(0)
        told += chunk
        while len(told) >= 4 and len(told) >= 4 + struct.unpack_from("<I", told)[0]:
            end = 4 + struct.unpack_from("<I", told)[0]
            try:
                link.send(told[4:end])
            except OSError as error:
                print(f"{sys.argv[1]}: {error}", file=sys.stderr, flush=True)
            told = told[end:]
