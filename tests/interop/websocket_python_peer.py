"""Python's websockets as server and as client, and what each of its ends sees of a conversation.

It says its server's ports, then does what it is asked; see websocket_python.ts and websocket_ws_peer.mjs, which does the
same.
"""

import asyncio
import base64
import functools
import hashlib
import json
import socket
import ssl
import sys
import tempfile
import urllib.parse

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

# The only implementation before version 13, and still there in those that have two.
from websockets.legacy.client import WebSocketClientProtocol, connect
from websockets.legacy.server import WebSocketServerProtocol
from websockets.legacy.server import serve as start_server

# A step that takes longer has hung, in seconds.
LIMIT = 10
# What the server speaks, and likes better the earlier it stands here.
PROTOCOLS = ["second.example", "first.example"]
# No PINGs but those it is asked for, and messages of any size.
PLAIN = {"ping_interval": None, "max_size": None, "max_queue": None}


class Noting:
    """Notes the PINGs that come: this is what answers them."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.pings_seen = []

    async def pong(self, data=b""):
        self.pings_seen.append(data.decode())
        await super().pong(data)


class ClientEnd(Noting, WebSocketClientProtocol):
    pass


class ServerEnd(Noting, WebSocketServerProtocol):
    def process_extensions(self, headers, _available):
        deflate = deflate_of(self.path)
        factories = [] if deflate is False else [ServerPerMessageDeflateFactory(**deflate)]
        return super().process_extensions(headers, factories)


class End:
    """One end of a WebSocket, and all that it sees."""

    def __init__(self, ws, on_message=None):
        self.ws = ws
        self.messages = []
        self.pongs = []
        self.changed = asyncio.Condition()
        self.reading = asyncio.ensure_future(self.read(on_message))

    async def read(self, on_message):
        try:
            async for message in self.ws:
                kind = "text" if isinstance(message, str) else "binary"
                content = message.encode() if kind == "text" else message
                async with self.changed:
                    self.messages.append([kind, len(content), hashlib.sha256(content).hexdigest()])
                    self.changed.notify_all()
                if on_message is not None:
                    await on_message(message)
        except ConnectionClosed:
            pass
        finally:
            async with self.changed:
                self.changed.notify_all()

    async def until_messages(self, count):
        async with self.changed:
            is_there = lambda: len(self.messages) >= count or self.ws.closed
            await asyncio.wait_for(self.changed.wait_for(is_there), LIMIT)

    async def ping(self, payload):
        await asyncio.wait_for(await self.ws.ping(payload), LIMIT)
        self.pongs.append(payload)

    async def over(self):
        await asyncio.wait_for(self.reading, LIMIT)
        await asyncio.wait_for(self.ws.wait_closed(), LIMIT)
        return {
            "protocol": self.ws.subprotocol or "",
            "messages": self.messages,
            "pings": self.ws.pings_seen,
            "pongs": self.pongs,
            "close": [self.ws.close_code, self.ws.close_reason],
            "error": None,
        }


def deflate_of(path):
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
    return json.loads(query["deflate"][0])


# --- The server ---

# By path: what the server's end has seen, once it is over.
seen_by_server = {}


def seen_of(path):
    return seen_by_server.setdefault(path, asyncio.get_running_loop().create_future())


async def serve(ws):
    """An echo, but for words that begin with a slash: those it obeys."""

    async def obey(text):
        word, value, reason = (text + "  ").split(" ")[:3]
        if word == "/ping":
            # Its PONG is read by the one who obeys.
            asyncio.ensure_future(ping(value))
        elif word == "/close":
            asyncio.ensure_future(close(ws, *([] if value == "" else [int(value), reason])))
        elif word == "/kill":
            ws.transport.abort()

    async def ping(value):
        await end.ping(value)
        await ws.send(f"pong {value}")

    async def on_message(message):
        if isinstance(message, str) and message.startswith("/"):
            await obey(message)
        else:
            await ws.send(message)

    end = End(ws, on_message)
    view = await end.over()
    # But for the key, which is as random as it should be.
    fields = [f"{name}: {value}" for name, value in ws.request_headers.raw_items() if name.lower() != "sec-websocket-key"]
    seen_of(ws.path).set_result({**view, "fields": fields})


async def listen(context=None):
    server = await start_server(
        serve,
        "127.0.0.1",
        0,
        create_protocol=ServerEnd,
        compression=None,
        subprotocols=PROTOCOLS,
        ssl=context,
        **PLAIN,
    )
    return server.sockets[0].getsockname()[1]


async def close(ws, code=1000, reason=""):
    await ws.close(code, reason)


# --- The client ---


def open_tunnel(port, proxy_port):
    """The socket a tunnel of the proxy ends in."""
    tunnel = socket.create_connection(("127.0.0.1", proxy_port))
    tunnel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    authority = f"localhost:{port}"
    tunnel.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = tunnel.recv(1)
        if byte == b"":
            raise ConnectionError(f"CONNECT was answered {head!r}")
        head += byte
    if not head.startswith(b"HTTP/1.1 200 "):
        raise ConnectionError(f"CONNECT was answered {head!r}")
    return tunnel


async def open_client(to, conversation):
    """`to`: which origin, and by which way; see `Route` in websocket_bench.ts."""
    scheme, way, port = to["scheme"], to["way"], to["port"]
    target = to["proxyPort"] if way == "reverse" else port
    options = dict(PLAIN)
    if way == "tunnel":
        options["sock"] = await asyncio.to_thread(open_tunnel, port, to["proxyPort"])
    if scheme == "wss":
        options["ssl"] = ssl.create_default_context(cadata=to["ca"])
        options["server_hostname"] = "localhost"
    deflate = conversation["deflate"]
    return await connect(
        f"{scheme}://localhost:{target}{conversation['path']}",
        create_protocol=ClientEnd,
        compression=None,
        extensions=[] if deflate is False else [ClientPerMessageDeflateFactory(**deflate)],
        subprotocols=conversation["protocols"] or None,
        origin="http://origin.example",
        **options,
    )


def say(ws, message):
    """A text is cut between code points only: its fragments are texts."""
    content = base64.b64decode(message["base64"])
    pieces = []
    at = 0
    for size in message.get("fragments", []):
        pieces.append(content[at : at + size])
        at += size
    pieces.append(content[at:])
    if message["type"] == "text":
        pieces = [piece.decode() for piece in pieces]
    return ws.send(pieces[0] if len(pieces) == 1 else pieces)


async def take_step(end, step):
    before = len(end.messages)
    if "say" in step:
        for message in step["say"]:
            await say(end.ws, message)
        await end.until_messages(before + step.get("count", len(step["say"])))
    elif "ask" in step:
        await end.ws.send(step["ask"])
        await end.until_messages(before + 1)
    elif "ping" in step:
        await end.ping(step["ping"])
    elif "pong" in step:
        # Not the answer to a PING: not noted.
        await super(Noting, end.ws).pong(step["pong"])
    elif "close" in step:
        await close(end.ws, *step["close"])
    elif "kill" in step:
        end.ws.transport.abort()


async def play_one(to, conversation):
    """What the client's end has seen, once it is over."""
    try:
        ws = await open_client(to, conversation)
    except InvalidHandshake as error:
        nothing = {"messages": [], "pings": [], "pongs": [], "close": [0, ""], "protocol": "", "extensions": None}
        return {**nothing, "error": str(error)}
    end = End(ws)
    for step in conversation["steps"]:
        await take_step(end, step)
    return {**await end.over(), "extensions": ws.response_headers.get("Sec-WebSocket-Extensions")}


async def play(to, conversations, together=False):
    """One after the other, or all at once."""
    if together:
        return await asyncio.gather(*(play_one(to, one) for one in conversations))
    return [await play_one(to, one) for one in conversations]


async def seen(paths):
    views = []
    for path in paths:
        views.append(await asyncio.wait_for(seen_of(path), LIMIT))
        del seen_by_server[path]
    return views


def tell(message):
    print(json.dumps(message), flush=True)


async def main():
    next_line = functools.partial(asyncio.to_thread, sys.stdin.readline)
    tls = json.loads(await next_line())["tls"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(tls["cert"] + "\n" + tls["key"])
        file.flush()
        context.load_cert_chain(file.name)
    tell({"ws": await listen(), "wss": await listen(context)})
    while line := await next_line():
        asked = json.loads(line)
        try:
            result = await {"play": play, "seen": seen}[asked["ask"]](**asked["with"])
            tell({"id": asked["id"], "result": result})
        except Exception as error:
            tell({"id": asked["id"], "error": f"{type(error).__name__}: {error}"})


asyncio.run(main())
