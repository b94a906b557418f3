// tickrelay-floor: the bare relay that tickrelay is compared to. See floor.h.

#include <csignal>
#include <cstdio>
#include <cstring>

#include "bench/command_line/command_line.h"
#include "bench/floor/floor.h"

namespace {
std::atomic<bool> stop{false};
}

int main(int count, char** arguments) {
  using namespace tickrelay::bench;
  CommandLine app("tickrelay-floor", "A bare epoll relay, one thread: the floor that relays are measured against.");
  std::string address;
  FloorOptions options;
  app.add("--listen", address, "HOST:PORT; port 0 takes a free one").required();
  app.add("--rate", options.rate_hz, "ticks a second").required().within(1, 240);
  app.add("--players", options.players_max, "seats of a room that is joined by its type");
  app.add("--stagger", options.stagger, "spread the rooms' ticks over the period");
  app.add("--lazy", options.lazy, "read inputs only at ticks");
  return app.run(count, arguments, [&] {
    raise_descriptor_limit();
    const auto endpoint = resolve(address, "/v1");
    const int listening = endpoint ? listen_socket(*endpoint) : -1;
    if (listening < 0) {
      std::fprintf(stderr, "tickrelay-floor: cannot listen on %s: %s\n", address.c_str(),
                   endpoint ? std::strerror(errno) : "not HOST:PORT");
      return exit_failed;
    }
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { stop = true; });
    std::printf("ws://%s:%d/v1\nfloor is ready\n", endpoint->host.substr(0, endpoint->host.rfind(':')).c_str(),
                local_port(listening));
    std::fflush(stdout);
    Floor(listening, options).run(stop);
    return exit_ok;
  });
}
