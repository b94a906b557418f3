#pragma once
// All clients of a load and the one epoll that watches them. Clients stay for good, connected or not. One thread.

#include <cstdint>
#include <memory>
#include <vector>

#include "bench/load/client.h"

namespace tickrelay::bench {

class Crowd {
 public:
  Crowd(Endpoint endpoint, ClientEvents& events);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  Client& add(Client::Traits traits);
  // False, with errno, where the attempt could not start.
  bool join(Client& client, JoinWish wish);
  bool resume(Client& client);
  void drop(Client& client);

  // Handles what is ready; waits for it at most so long.
  void poll(std::int64_t timeout_ns);
  // What time brings: acknowledgements that are due, the reading of slow clients. Every 10 ms or so.
  void sweep(std::int64_t now_ns);

  std::size_t size() const { return clients_.size(); }
  Client& operator[](std::size_t number) { return *clients_[number]; }
  const Client& operator[](std::size_t number) const { return *clients_[number]; }

 private:
  bool watch_new(Client& client, bool started);
  void watch(Client& client);

  Endpoint endpoint_;
  ClientCommons commons_;
  int epoll_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Client*> slow_;
};

}  // namespace tickrelay::bench
