// One match, from the room to its result: go run match_server.go [ADMIN_SOCKET]. The first player with three points wins.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
)

type object = map[string]any

// A connection to the admin socket: JSON-RPC 2.0, one object a line. What goes wrong ends the program.
type relay struct {
	*json.Decoder
	*json.Encoder
}

func dial() relay {
	socket, err := net.Dial("unix", append(os.Args, "/run/tickrelay/admin.sock")[1])
	if err != nil {
		log.Fatal(err)
	}
	return relay{json.NewDecoder(socket), json.NewEncoder(socket)}
}

func (r relay) hear(part string) (message object) {
	if r.Decode(&message); message[part] == nil {
		log.Fatal("the relay refuses, or is gone: ", message)
	}
	return message[part].(object)
}

func (r relay) call(method string, params object) object {
	r.Encode(object{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	return r.hear("result")
}

func main() {
	relay, events, points, winner := dial(), dial(), map[string]int{"ada": 0, "bob": 0}, ""
	room := relay.call("room.spawn", object{"type": "relay", "tick_rate": 30, "max_players": 2, "private": true})["room_id"]
	events.call("events.subscribe", object{"room_id": room, "types": []string{"room.message", "room.closed"}})
	for player := range points {
		ticket := relay.call("ticket.issue", object{"room_id": room, "player_id": player, "ttl_s": 600})
		fmt.Println(player, ticket["ticket"], ticket["url"])
	}
	for points[winner] < 3 {
		if event := events.hear("params"); event["type"] != "room.message" {
			log.Fatal("closed, or events are lost: ", event)
		} else if event["message_type"] == "point" {
			winner = event["player_id"].(string)
			points[winner]++
			relay.call("room.broadcast", object{"room_id": room, "type": "score", "data": []byte(fmt.Sprint(winner, " ", points[winner]))})
		}
	}
	relay.call("room.result", object{"room_id": room, "data": object{"winner": winner, "points": points}})
	relay.call("room.close", object{"room_id": room, "reason": winner + " wins"})
}
