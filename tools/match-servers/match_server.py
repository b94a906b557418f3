#!/usr/bin/env python3
"""A match server in Python's standard library alone: one match, from the room to its result.

    match_server.py [ADMIN_SOCKET]

Spawns a room, gives out two tickets, follows what happens in it, and writes the result when both players have been there and gone.
"""
import json, os, socket, sys


class Relay:
    """The admin socket: JSON-RPC 2.0, one object a line."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rw", encoding="utf-8")
        self.events = []
        self.calls = 0

    def call(self, method, **params):
        self.calls += 1
        self.lines.write(json.dumps({"jsonrpc": "2.0", "id": self.calls, "method": method, "params": params}) + "\n")
        self.lines.flush()
        while True:
            message = json.loads(self.lines.readline())
            if message.get("id") == self.calls:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]
            self.events.append(message["params"])

    def next_event(self):
        return self.events.pop(0) if self.events else json.loads(self.lines.readline())["params"]


def main():
    default = "/run/tickrelay/admin.sock" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "/tmp") + "/tickrelay/admin.sock"
    relay = Relay(sys.argv[1] if len(sys.argv) > 1 else default)
    room = relay.call("room.spawn", type="relay", tick_rate=30, max_players=2, private=True)["room_id"]
    relay.call("events.subscribe", room_id=room)
    for player in ("ada", "grace"):
        print(player, relay.call("ticket.issue", room_id=room, player_id=player, ttl_s=600), flush=True)

    here, seen = set(), set()
    while not (len(seen) == 2 and not here):
        event = relay.next_event()
        print(event["type"], event.get("player_id", ""), flush=True)
        if event["type"] == "player.joined":
            here.add(event["player_id"])
            seen.add(event["player_id"])
        elif event["type"] == "player.left":
            here.discard(event["player_id"])
        elif event["type"] == "room.closed":
            return
    relay.call("room.result", room_id=room, data={"players": sorted(seen)})
    relay.call("room.close", room_id=room, reason="the match is over")


if __name__ == "__main__":
    main()
