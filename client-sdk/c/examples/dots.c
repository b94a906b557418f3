/* Joins a room with the arena's schema, moves a dot of its own in a circle and prints where the others are.
 *
 *   dots [URL [SECONDS [TYPE]]]      ws://localhost:8350, 10 s, demo
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tickrelay/client_c.h>

/* arena.Transform as FlatBuffers lays it out: four little-endian floats. */
typedef struct transform {
  float x, y, z, yaw;
} transform;

static void nap_ms(long ms) {
  struct timespec pause = {ms / 1000, ms % 1000 * 1000000L};
  nanosleep(&pause, NULL);
}

static void print_dots(const tickrelay_room* room) {
  uint32_t ids[64];
  size_t count = tickrelay_entities(room, "arena.Transform", ids, 64);
  printf("tick %u, %zu dots, state %.0f ms old:", tickrelay_tick(room), count, 1000 * tickrelay_state_age(room));
  for (size_t i = 0; i < count && i < 64; ++i) {
    size_t size = 0;
    const uint8_t* value = tickrelay_get(room, ids[i], "arena.Transform", &size);
    transform at;
    if (value == NULL || size < sizeof at) continue;
    memcpy(&at, value, sizeof at);
    printf("  #%u (%.1f, %.1f)%s", ids[i], at.x, at.z,
           tickrelay_owner(room, ids[i]) == tickrelay_room_player(room) ? " mine" : "");
  }
  printf("\n");
}

int main(int argc, char** argv) {
  const char* url = argc > 1 ? argv[1] : "ws://localhost:8350";
  const double seconds = argc > 2 ? atof(argv[2]) : 10;
  if (tickrelay_abi_version() >> 16 != TICKRELAY_ABI_VERSION >> 16) {
    fprintf(stderr, "libtickrelay_c has another version than this program\n");
    return 1;
  }
  tickrelay_client* client = tickrelay_client_new(url, NULL);
  tickrelay_join_options options = {.size = sizeof options, .options = "{\"name\": \"a dot\"}"};
  tickrelay_room* room = tickrelay_join_or_create(client, argc > 3 ? argv[3] : "demo", &options);

  uint32_t dot = 0;
  double began = tickrelay_now(room), printed = 0;
  int failed = 0;
  while (tickrelay_room_phase(room) != TICKRELAY_LEFT) {
    tickrelay_poll(client);
    tickrelay_event event;
    while (tickrelay_next_event(client, &event)) {
      if (event.kind == TICKRELAY_JOIN)
        printf("player %u of room %s\n", tickrelay_room_player(room), tickrelay_room_id(room));
      if (event.kind == TICKRELAY_ERROR) fprintf(stderr, "%s: %s\n", event.type, event.text);
      if (event.kind == TICKRELAY_LEAVE && event.code != 1000) {
        fprintf(stderr, "left with %u: %s\n", event.code, event.text);
        failed = 1;
      }
    }
    const double now = tickrelay_now(room) - began;
    if (now > seconds) tickrelay_leave(room);
    if (tickrelay_room_phase(room) == TICKRELAY_JOINED && now <= seconds) {
      const transform at = {10 * (float)cos(now), 0, 10 * (float)sin(now), (float)fmod(now, 6.28) - 3.14f};
      if (dot == 0) {
        dot = tickrelay_spawn(room, "arena.Transform", &at, sizeof at, false);
      } else {
        tickrelay_set(room, dot, "arena.Transform", &at, sizeof at, UINT64_MAX);
      }
      if (now - printed >= 1) {
        printed = now;
        print_dots(room);
      }
    }
    nap_ms(16);
  }
  tickrelay_client_free(client);
  return failed;
}
