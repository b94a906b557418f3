#!/usr/bin/env php
<?php
// One match, from the room to its result: match_server.php [ADMIN_SOCKET]. The first player with three points wins.
declare(strict_types=1);

ini_set('default_socket_timeout', '-1'); // an event may be long in coming

/** A connection to the admin socket: JSON-RPC 2.0, one object a line. */
final class Relay
{
    private $socket;

    public function __construct(string $path)
    {
        $this->socket = stream_socket_client("unix://$path") ?: exit(1);
    }

    public function hear(): array
    {
        $line = fgets($this->socket) ?: throw new RuntimeException('the relay is gone');
        return json_decode($line, true, flags: JSON_THROW_ON_ERROR);
    }

    public function call(string $method, mixed ...$params): array
    {
        fwrite($this->socket, json_encode(['jsonrpc' => '2.0', 'id' => 1, 'method' => $method, 'params' => $params]) . "\n");
        $answer = $this->hear();
        return $answer['result'] ?? throw new RuntimeException("$method: {$answer['error']['message']}");
    }
}

$path = $argv[1] ?? '/run/tickrelay/admin.sock';
[$relay, $events] = [new Relay($path), new Relay($path)];
$points = ['ada' => 0, 'bob' => 0];
$room = $relay->call('room.spawn', type: 'relay', tick_rate: 30, max_players: 2, private: true)['room_id'];
$events->call('events.subscribe', room_id: $room, types: ['room.message', 'room.closed']);
foreach (array_keys($points) as $player) {
    $issued = $relay->call('ticket.issue', room_id: $room, player_id: $player, ttl_s: 600);
    echo "$player {$issued['ticket']} {$issued['url']}\n";
}

while (max($points) < 3) {
    $event = $events->hear()['params'];
    if (($event['type'] ?? '') !== 'room.message') throw new RuntimeException('no result: ' . json_encode($event)); // closed, or events are lost
    if ($event['message_type'] !== 'point') continue;
    $score = $event['player_id'] . ' ' . ++$points[$event['player_id']];
    $relay->call('room.broadcast', room_id: $room, type: 'score', data: base64_encode($score));
}

$winner = array_search(3, $points, true);
$relay->call('room.result', room_id: $room, data: ['winner' => $winner, 'points' => $points]);
$relay->call('room.close', room_id: $room, reason: "$winner wins");
