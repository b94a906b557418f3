/* tickrelay's C interface, over the C++ SDK: for engines and for every language with a foreign function interface.
 *
 * One thread owns a client and all that belongs to it; nothing here is thread-safe, nothing blocks (but the look-up of
 * a host name) and nothing calls back. The program calls tickrelay_poll once a frame, then takes events until there are
 * none:
 *
 *   tickrelay_client *client = tickrelay_client_new("ws://localhost:8350", NULL);
 *   tickrelay_room *room = tickrelay_join_or_create(client, "arena", NULL);
 *   for (;;) {
 *     tickrelay_poll(client);
 *     tickrelay_event event;
 *     while (tickrelay_next_event(client, &event)) { ... }
 *   }
 *
 * Text is UTF-8 and ends in a zero byte; NULL stands for "". Bytes are a pointer and a size; NULL with size 0 is
 * allowed. What a function takes it copies. What it gives (text, bytes, events' fields) belongs to the library and
 * holds as its comment says. Handles that are NULL are allowed everywhere: the function does nothing and gives 0, NULL
 * or false. Actions (send, set, spawn, ...) give their number, from 1, or 0 where they were not taken up: then an event
 * TICKRELAY_ERROR says why. Out of memory ends the call as if it had failed; no exception crosses this interface.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define TICKRELAY_API __declspec(dllimport)
#else
#define TICKRELAY_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Grows when a function, a constant or a field at the end of a structure is added (minor, low 16 bits) or changed
 * (major, high 16 bits). */
#define TICKRELAY_ABI_VERSION 0x00010002u

/* The library's. A program may run where the major parts are equal and the library's minor part is not below its own.
 */
TICKRELAY_API uint32_t tickrelay_abi_version(void);

typedef struct tickrelay_client tickrelay_client;
typedef struct tickrelay_room tickrelay_room;

typedef enum tickrelay_role { TICKRELAY_PLAYER = 0, TICKRELAY_SPECTATOR = 1, TICKRELAY_AUTHORITY = 2 } tickrelay_role;

typedef enum tickrelay_phase {
  TICKRELAY_JOINING = 0,
  TICKRELAY_JOINED = 1,
  TICKRELAY_DROPPED = 2, /* connection lost, coming back */
  TICKRELAY_LEFT = 3     /* for good */
} tickrelay_phase;

typedef enum tickrelay_audience {
  TICKRELAY_TO_DEFAULT = 0, /* the logic or the authority where there is one, else the others */
  TICKRELAY_TO_ALL = 1,
  TICKRELAY_TO_OTHERS = 2,
  TICKRELAY_TO_PLAYERS = 3, /* those listed */
  TICKRELAY_TO_AUTHORITY = 4
} tickrelay_audience;

/* ------------------------------------------------------------------------------------------------------- client */

/* Zero a structure before filling it; size is sizeof of it, so that later versions know what the program knows. */
typedef struct tickrelay_options {
  size_t size;
  const char* ca_file;   /* wss: PEM file of further authorities to trust */
  bool insecure_tls;     /* wss: take any certificate. For development only */
  double join_timeout_s; /* 0: 10 s */
  bool prompt_acks;      /* hear at every tick which actions were applied, not at most every 100 ms */
  bool loss_shield;      /* a second connection with copies of frames: a lost packet costs ms, frames go twice */
  bool any_phase;        /* TICKRELAY_SEND_TICK at the tick rate and no more; else when what follows it is just in time */
} tickrelay_options;

typedef struct tickrelay_join_options {
  size_t size;
  const char* player_id; /* up to 64 bytes; empty: the relay makes one */
  const char* options;   /* JSON up to 4 KiB, shown to everyone in the room and to its logic */
  const char* metadata;  /* JSON up to 4 KiB, of a room that this join creates */
  tickrelay_role role;
} tickrelay_join_options;

/* url: ws:// or wss://, host, optional port and path. options: NULL for the defaults. NULL: out of memory.
 * A bad url shows as TICKRELAY_LEAVE of every join. */
TICKRELAY_API tickrelay_client* tickrelay_client_new(const char* url, const tickrelay_options* options);
/* Leaves all rooms and frees everything that belongs to the client, its rooms and events too. */
TICKRELAY_API void tickrelay_client_free(tickrelay_client* client);

/* Each gives a room that is joining, until TICKRELAY_JOIN or TICKRELAY_LEAVE. The handle holds until
 * tickrelay_room_free or tickrelay_client_free. */
TICKRELAY_API tickrelay_room* tickrelay_join_or_create(tickrelay_client* client, const char* type,
                                                       const tickrelay_join_options* options);
TICKRELAY_API tickrelay_room* tickrelay_create(tickrelay_client* client, const char* type,
                                               const tickrelay_join_options* options);
TICKRELAY_API tickrelay_room* tickrelay_join(tickrelay_client* client, const char* type,
                                             const tickrelay_join_options* options);
TICKRELAY_API tickrelay_room* tickrelay_join_by_id(tickrelay_client* client, const char* room_id,
                                                   const tickrelay_join_options* options);
/* room_id may be NULL where the ticket names the room. */
TICKRELAY_API tickrelay_room* tickrelay_join_with_ticket(tickrelay_client* client, const char* ticket,
                                                         const char* room_id, const tickrelay_join_options* options);
/* token: from tickrelay_reconnection_token. Back in the seat that lost its connection. */
TICKRELAY_API tickrelay_room* tickrelay_reconnect(tickrelay_client* client, const char* token);
/* Asks for the rooms that may be joined; ends in one TICKRELAY_ROOMS. type, metadata: NULL for any; metadata is a JSON
 * object whose members must be equal. */
TICKRELAY_API void tickrelay_rooms(tickrelay_client* client, const char* type, const char* metadata);

/* All input and output. Frees the events of the poll before, taken or not: take them all. Call it once a frame. */
TICKRELAY_API void tickrelay_poll(tickrelay_client* client);

/* ------------------------------------------------------------------------------------------------------- events */

typedef enum tickrelay_event_kind {
  TICKRELAY_JOIN = 1,  /* in the room */
  TICKRELAY_STATE = 2, /* a frame was applied; number: its tick. The state is that of the newest frame of the poll */
  TICKRELAY_DROP = 3,  /* connection lost, coming back; code, text: why */
  TICKRELAY_RECONNECT = 4, /* back; number 1: the relay went back to a checkpoint, a stretch is lost */
  TICKRELAY_LEAVE = 5,     /* the end; code, text: why */
  TICKRELAY_ERROR = 6,     /* type: label; text: what, where and the remedy; number: the action, 0 for none */
  TICKRELAY_ADD = 7,       /* entity got component; data: its value. Only of components that are watched */
  TICKRELAY_CHANGE = 8,    /* ... changed; fields: bit i = field i of the layout; data: its value now */
  TICKRELAY_REMOVE = 9,    /* ... went; data: the last value */
  TICKRELAY_MESSAGE = 10,  /* player, type, data; number not 0: the sender waits for tickrelay_answer with it */
  TICKRELAY_ANSWER = 11,   /* number: the request; code 1: data is the answer, 0: text is why there is none */
  TICKRELAY_PLAYER_JOIN =
      12, /* player, entity; type: player id; text: options (JSON); also for those there at the join */
  TICKRELAY_PLAYER_LEAVE = 13, /* player; type: player id; text: reason */
  TICKRELAY_INPUT = 14,        /* to an authority: player's input in data, number: its number */
  TICKRELAY_ROOMS =
      15, /* code 1: text is a JSON array of {room_id, type, players, max_players, locked, metadata}; 0: why not */
  TICKRELAY_SEND_TICK = 16 /* once a tick, after tickrelay_watch_send_ticks */
} tickrelay_event_kind;

/* Fields that the kind does not name are 0 or empty, text never NULL. */
typedef struct tickrelay_event {
  tickrelay_event_kind kind;
  tickrelay_room* room; /* NULL with TICKRELAY_ROOMS */
  uint32_t code;
  uint32_t number;
  uint32_t player;
  uint32_t entity;
  uint64_t fields;
  const char* component;
  const char* type;
  const char* text;
  const uint8_t* data; /* aligned to 8 bytes */
  size_t data_size;
} tickrelay_event;

/* The next event of the last poll, in order; false: none is left. Its text and bytes hold until the next
 * tickrelay_poll. */
TICKRELAY_API bool tickrelay_next_event(tickrelay_client* client, tickrelay_event* event);

/* Which components' values are told by TICKRELAY_ADD, _CHANGE and _REMOVE; "*": all. What is there already follows as
 * TICKRELAY_ADD. Each component counts once, however often it is watched. */
TICKRELAY_API void tickrelay_watch(tickrelay_room* room, const char* component);

/* --------------------------------------------------------------------------------------------------------- room */

/* Frees the handle; leaves the room first where that was not done. Events of it that were not taken yet are dropped. */
TICKRELAY_API void tickrelay_room_free(tickrelay_room* room);
TICKRELAY_API tickrelay_phase tickrelay_room_phase(const tickrelay_room* room); /* NULL: TICKRELAY_LEFT */
/* Text of a room holds until the next tickrelay_poll; empty before TICKRELAY_JOIN. */
TICKRELAY_API const char* tickrelay_room_id(const tickrelay_room* room);
TICKRELAY_API const char* tickrelay_room_type(const tickrelay_room* room);
TICKRELAY_API const char* tickrelay_room_player_id(const tickrelay_room* room);
TICKRELAY_API uint32_t tickrelay_room_player(const tickrelay_room* room); /* own number */
TICKRELAY_API uint32_t tickrelay_room_entity(const tickrelay_room* room); /* own seat's entity */
/* A secret: whoever has it takes the seat. Copies at most capacity bytes, the zero included; gives the length without
 * it, as snprintf does. */
TICKRELAY_API size_t tickrelay_reconnection_token(const tickrelay_room* room, char* token, size_t capacity);
/* Ends in TICKRELAY_LEAVE with code 1000. */
TICKRELAY_API void tickrelay_leave(tickrelay_room* room);

/* Seconds. now: this machine. server_now: the room's clock, tick n happens at n / tick_rate. render_now: what to
 * interpolate to. */
TICKRELAY_API double tickrelay_now(const tickrelay_room* room);
TICKRELAY_API double tickrelay_server_now(const tickrelay_room* room);
TICKRELAY_API double tickrelay_render_now(const tickrelay_room* room);
/* server_now less render_now: the 99th percentile of how late frames were of late, and one send tick. */
TICKRELAY_API double tickrelay_render_delay(const tickrelay_room* room);
TICKRELAY_API double tickrelay_latency(const tickrelay_room* room); /* round trip */
TICKRELAY_API double tickrelay_state_age(
    const tickrelay_room* room); /* room's clock less the time of the newest complete tick */
TICKRELAY_API uint32_t tickrelay_tick(const tickrelay_room* room);      /* newest applied */
TICKRELAY_API uint32_t tickrelay_tick_rate(const tickrelay_room* room); /* Hz */

typedef struct tickrelay_stats {
  uint64_t frames;
  uint64_t discarded;
  uint64_t bytes_received;
  uint64_t bytes_sent;
  uint64_t reconnects;
} tickrelay_stats;

/* Since the join, over reconnections. */
TICKRELAY_API void tickrelay_room_stats(const tickrelay_room* room, tickrelay_stats* stats);
/* With loss_shield: state frames that came on the second connection, and (shielded) those that came first there. */
TICKRELAY_API uint64_t tickrelay_copies(const tickrelay_room* room);
TICKRELAY_API uint64_t tickrelay_shielded(const tickrelay_room* room);

/* -------------------------------------------------------------------------------------------------------- state */

/* Ids of all entities, or (component not NULL) of those that have the component. Copies at most capacity of them, gives
 * how many there are. */
TICKRELAY_API size_t tickrelay_entities(const tickrelay_room* room, const char* component, uint32_t* ids,
                                        size_t capacity);
TICKRELAY_API bool tickrelay_has_entity(const tickrelay_room* room, uint32_t entity);
/* Who may write it, a player's number; 0: nobody, or no such entity. */
TICKRELAY_API uint32_t tickrelay_owner(const tickrelay_room* room, uint32_t entity);
/* An entity's component: the FlatBuffers struct as the room's schema has it (little endian, aligned to 8), or an opaque
 * value. NULL: there is none. Holds until the next tickrelay_poll, set or spawn. */
TICKRELAY_API const uint8_t* tickrelay_get(const tickrelay_room* room, uint32_t entity, const char* component,
                                           size_t* size);

/* Keeps the recent past of a struct component, from now on: for tickrelay_interpolated. */
TICKRELAY_API void tickrelay_interpolate(tickrelay_room* room, const char* component);
/* The value to draw now, at tickrelay_render_now: floats along the line, an angle the short way, a quat as a whole, numbers in
 * steps; on for 250 ms where frames are late, then held. One's own entities are as tickrelay_get gives them. Holds until
 * the next call of it, tickrelay_poll, set or spawn. */
TICKRELAY_API const uint8_t* tickrelay_interpolated(const tickrelay_room* room, uint32_t entity, const char* component,
                                                    size_t* size);

typedef struct tickrelay_player_entry {
  uint32_t number;
  uint32_t entity;
  tickrelay_role role;
  bool connected;
  const char* id;      /* these hold until the next tickrelay_poll or tickrelay_players */
  const char* options; /* JSON */
} tickrelay_player_entry;

/* By number. Copies at most capacity of them, gives how many there are. */
TICKRELAY_API size_t tickrelay_players(tickrelay_room* room, tickrelay_player_entry* players, size_t capacity);

/* ------------------------------------------------------------------------------------------------------ actions */

/* to: players' numbers, with TICKRELAY_TO_PLAYERS. Payload up to 16 KiB. Arrives exactly once while the seat lives. */
TICKRELAY_API uint32_t tickrelay_send(tickrelay_room* room, const char* type, const void* data, size_t size,
                                      tickrelay_audience audience, const uint32_t* to, size_t to_count);
/* Ends in one TICKRELAY_ANSWER whose number is what this gives; after timeout_s seconds with text "timeout". */
TICKRELAY_API uint32_t tickrelay_request(tickrelay_room* room, const char* type, const void* data, size_t size,
                                         double timeout_s, tickrelay_audience audience, const uint32_t* to,
                                         size_t to_count);
/* player, request: of a TICKRELAY_MESSAGE with a number. */
TICKRELAY_API uint32_t tickrelay_answer(tickrelay_room* room, uint32_t player, uint32_t request, const void* data,
                                        size_t size);

/* A new entity of one's own with this first component. Gives the entity, 0 where it could not be. keep: it stays when
 * its owner leaves. */
TICKRELAY_API uint32_t tickrelay_spawn(tickrelay_room* room, const char* component, const void* value, size_t size,
                                       bool keep);
/* The same in a room with views: who sees it. Elsewhere all but EVERYONE is refused. */
typedef enum tickrelay_seen_by {
  TICKRELAY_SEEN_BY_EVERYONE = 0,
  TICKRELAY_SEEN_BY_OWNER = 1,
  TICKRELAY_SEEN_BY_TEAM = 2
} tickrelay_seen_by;
TICKRELAY_API uint32_t tickrelay_spawn_seen_by(tickrelay_room* room, const char* component, const void* value, size_t size,
                                               bool keep, tickrelay_seen_by seen_by);
/* value: the FlatBuffers struct (it may be an older, shorter form of it), or an opaque component's value. fields: which
 * to look at, bit i = field i, UINT64_MAX for all. Only those that differ from the state are sent; the state shows them
 * at once, rounded as the relay will. */
TICKRELAY_API uint32_t tickrelay_set(tickrelay_room* room, uint32_t entity, const char* component, const void* value,
                                     size_t size, uint64_t fields);
TICKRELAY_API uint32_t tickrelay_despawn(tickrelay_room* room, uint32_t entity);
/* Become the owner of what is nobody's. */
TICKRELAY_API uint32_t tickrelay_claim(tickrelay_room* room, uint32_t entity);
/* Up to 1 KiB, for the room's logic or the authority. Only the newest is sure to be seen. */
TICKRELAY_API uint32_t tickrelay_input(tickrelay_room* room, const void* data, size_t size);

/* From now on a TICKRELAY_SEND_TICK comes once a tick, when what is set and input then, and sent by another tickrelay_poll at once,
 * reaches the relay just before the tick. */
TICKRELAY_API void tickrelay_watch_send_ticks(tickrelay_room* room);
/* Seconds until the next one is due: a loop that sleeps no longer than this polls at the right moment. A program that never asks is
 * taken to poll once a frame: the event comes with the last poll before the moment. */
TICKRELAY_API double tickrelay_next_send_tick(const tickrelay_room* room);
/* How long before its tick the relay read the newest action that it timed, seconds; 0: none yet. */
TICKRELAY_API double tickrelay_input_early(const tickrelay_room* room);

#ifdef __cplusplus
}
#endif
