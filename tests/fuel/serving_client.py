"""A client to be killed: it appends each item with its place, and goes on from the last line."""

import json
import os
import sys
from pathlib import Path

from fuel.streams import ServerDataStream


def main(port, folder, epochs):
    path = Path(folder, "items")
    stream = ServerDataStream(port=port, heartbeat=0.1, timeout=20)
    lines = path.read_text().splitlines() if path.exists() else []
    number = 0
    if lines:
        number, _, state = lines[-1].split("|", 2)
        stream.load_state_dict(json.loads(state))
        number = int(number)
    with path.open("a") as file:
        while number < epochs:
            for item in stream.get_epoch_iterator():
                targets = ",".join(map(str, item[1].tolist()))
                line = f"{number}|{targets}|{json.dumps(stream.state_dict())}\n"
                os.write(file.fileno(), line.encode())
                print(flush=True)
            number += 1
    stream.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
