#!/usr/bin/env python3
"""One match, from the room to its result: match_server.py [ADMIN_SOCKET]. The first player with three points wins."""
import base64, json, socket, sys

PLAYERS, POINTS_TO_WIN = ("ada", "bob"), 3


class Relay:
    """A connection to the admin socket: JSON-RPC 2.0, one object a line."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rw", encoding="utf-8")

    def hear(self):
        return json.loads(self.lines.readline() or sys.exit("the relay is gone"))

    def call(self, method, **params):
        self.lines.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) + "\n")
        self.lines.flush()
        answer = self.hear()
        return answer["result"] if "result" in answer else sys.exit(f"{method}: {answer['error']['message']}")


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "/run/tickrelay/admin.sock"
    relay, events = Relay(path), Relay(path)
    room = relay.call("room.spawn", type="relay", tick_rate=30, max_players=len(PLAYERS), private=True)["room_id"]
    events.call("events.subscribe", room_id=room, types=["room.message", "room.closed"])
    for player in PLAYERS:
        issued = relay.call("ticket.issue", room_id=room, player_id=player, ttl_s=600)
        print(player, issued["ticket"], issued["url"], flush=True)

    points = dict.fromkeys(PLAYERS, 0)
    while max(points.values()) < POINTS_TO_WIN:
        event = events.hear()["params"]
        if event.get("type") != "room.message":  # closed, or events are lost
            sys.exit(f"no result: {event}")
        if event["message_type"] == "point":
            points[event["player_id"]] += 1
            score = f"{event['player_id']} {points[event['player_id']]}"
            relay.call("room.broadcast", room_id=room, type="score", data=base64.b64encode(score.encode()).decode())

    winner = max(points, key=points.get)
    relay.call("room.result", room_id=room, data={"winner": winner, "points": points})
    relay.call("room.close", room_id=room, reason=f"{winner} wins")


if __name__ == "__main__":
    main()
