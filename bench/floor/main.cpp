// tickrelay-floor: the bare relay that tickrelay is compared to. See floor.h.

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <cstring>

#include "bench/floor/floor.h"

namespace {
std::atomic<bool> stop{false};
}

int main(int count, char** arguments) {
  using namespace tickrelay::bench;
  CLI::App app{"A bare epoll relay, one thread: the floor that relays are measured against."};
  std::string address;
  FloorOptions options;
  app.add_option("--listen", address, "HOST:PORT; port 0 takes a free one")->required();
  app.add_option("--rate", options.rate_hz, "ticks a second")->required()->check(CLI::Range(1, 240));
  app.add_option("--players", options.players_max, "seats of a room that is joined by its type");
  app.add_flag("--stagger", options.stagger, "spread the rooms' ticks over the period");
  app.add_flag("--lazy", options.lazy, "read inputs only at ticks");
  CLI11_PARSE(app, count, arguments);

  raise_descriptor_limit();
  const auto endpoint = resolve(address, "/v1");
  const int listening = endpoint ? listen_socket(*endpoint) : -1;
  if (listening < 0) {
    std::fprintf(stderr, "tickrelay-floor: cannot listen on %s: %s\n", address.c_str(),
                 endpoint ? std::strerror(errno) : "not HOST:PORT");
    return 1;
  }
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { stop = true; });
  std::printf("ws://%s:%d/v1\nfloor is ready\n", endpoint->host.substr(0, endpoint->host.rfind(':')).c_str(),
              local_port(listening));
  std::fflush(stdout);
  Floor(listening, options).run(stop);
}
