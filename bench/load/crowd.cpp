#include "bench/load/crowd.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr int events_max = 1'024;

}  // namespace

Crowd::Crowd(Endpoint endpoint, ClientEvents& events)
    : endpoint_(std::move(endpoint)), commons_{.events = events}, epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

Crowd::~Crowd() { ::close(epoll_); }

Client& Crowd::add(Client::Traits traits) {
  traits.number = static_cast<std::uint32_t>(clients_.size());
  Client& client = *clients_.emplace_back(std::make_unique<Client>(commons_, traits));
  if (traits.read_bytes_per_s > 0) slow_.push_back(&client);
  return client;
}

bool Crowd::join(Client& client, JoinWish wish) { return watch_new(client, client.start(endpoint_, std::move(wish))); }

bool Crowd::resume(Client& client) { return watch_new(client, client.resume(endpoint_)); }

// A closed descriptor leaves epoll by itself.
void Crowd::drop(Client& client) { client.drop(); }

bool Crowd::watch_new(Client& client, bool started) {
  if (!started) return false;
  client.watched = EPOLLOUT;
  epoll_event event{.events = client.watched, .data = {.u32 = client.traits().number}};
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, client.connection().socket(), &event) == 0;
}

// Slow clients are read by sweep() alone, once they play.
void Crowd::watch(Client& client) {
  if (client.connection().socket() < 0) return;
  const bool paced = client.traits().read_bytes_per_s > 0 && client.seated();
  const bool connecting = client.connection().state() == Connection::State::connecting;
  const std::uint32_t wanted = (paced || connecting ? 0U : std::uint32_t{EPOLLIN}) |
                               (client.connection().wants_write() ? std::uint32_t{EPOLLOUT} : 0U);
  if (wanted == client.watched) return;
  client.watched = wanted;
  epoll_event event{.events = wanted, .data = {.u32 = client.traits().number}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, client.connection().socket(), &event);
}

void Crowd::poll(std::int64_t timeout_ns) {
  std::array<epoll_event, events_max> events;
  const timespec timeout{timeout_ns / second_ns, timeout_ns % second_ns};
  const timespec none{};
  int count = epoll_pwait2(epoll_, events.data(), events_max, &timeout, nullptr);
  while (count > 0) {
    for (int i = 0; i < count; ++i) {
      Client& client = *clients_[events[i].data.u32];
      if (events[i].events & EPOLLOUT) client.on_writable();
      if (events[i].events & ~std::uint32_t{EPOLLOUT}) client.read(now_ns());
      watch(client);
    }
    if (count < events_max) return;
    count = epoll_pwait2(epoll_, events.data(), events_max, &none, nullptr);
  }
}

void Crowd::sweep(std::int64_t now_ns) {
  for (const auto& client : clients_) {
    client->acknowledge_when_due(now_ns);
    if (client->connection().wants_write()) watch(*client);
  }
  for (Client* client : slow_) {
    if (client->seated()) client->read(now_ns);
  }
}

}  // namespace tickrelay::bench
