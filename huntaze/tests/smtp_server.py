"""An SMTP server (RFC 5321) that keeps what it takes as files: `python -m huntaze.tests.smtp_server --port N --folder PATH`.

The local part of a recipient's address asks for a fault: `nobody@` is refused for good, `later@` for now until the folder holds a
file named `later`, and a message to `slow@` is taken at once but the answer waits until the folder holds a file named `slow`.
"""

import argparse
import asyncio
from itertools import count
from pathlib import Path


class Conversation:
    """One client's connection."""

    def __init__(self, folder: Path, numbers: count) -> None:
        self.folder, self.numbers = folder, numbers
        self.recipient = ""

    async def hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while line := (await reader.readline()).decode().strip():
            verb = line[:4].upper()
            if verb == "DATA":
                writer.write(b"354 go on\r\n")
                answer = await self.take(reader)
            else:
                answer = self.answer(verb, line)
            writer.write(answer.encode() + b"\r\n")
            await writer.drain()
            if verb == "QUIT":
                break
        writer.close()

    def answer(self, verb: str, line: str) -> str:
        if verb == "EHLO":
            return "250-loopback\r\n250-AUTH PLAIN\r\n250 8BITMIME"
        if verb == "RCPT":
            self.recipient = line.partition("<")[2].partition("@")[0]
            if self.recipient == "nobody":
                return "550 no such mailbox"
            if self.recipient == "later" and not (self.folder / "later").exists():
                return "451 try again later"
        return {"HELO": "250 loopback", "AUTH": "235 whoever you are", "QUIT": "221 bye"}.get(verb, "250 ok")

    async def take(self, reader: asyncio.StreamReader) -> str:
        lines = []
        while (line := await reader.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        (self.folder / f"{next(self.numbers):04}.eml").write_bytes(b"".join(lines))
        while self.recipient == "slow" and not (self.folder / "slow").exists():  # noqa: ASYNC110  (another process makes it)
            await asyncio.sleep(0.05)
        return "250 taken"


async def serve(port: int, folder: Path) -> None:
    numbers = count(1)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await Conversation(folder, numbers).hold(reader, writer)
        except ConnectionError:  # the client was killed
            writer.close()

    async with await asyncio.start_server(converse, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.folder))
