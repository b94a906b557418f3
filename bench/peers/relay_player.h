#pragma once
// A player of tickrelay or the floor: tickrelay-bench's own client.

#include "bench/load/client.h"
#include "bench/peers/player.h"

namespace tickrelay::bench {

class RelayPlayer final : public Player {
 public:
  // resumes: the server has seats to come back to. commons.events hears of this client through RelayEvents.
  RelayPlayer(ClientCommons& commons, const Endpoint& endpoint, Traits traits, bool resumes);

  bool join(const std::string& room) override;
  bool come_back() override;
  void drop() override { client_.drop(); }
  Connection::Sent move(const Placement& placement) override;
  void on_writable() override { client_.on_writable(); }
  void read() override;
  void sweep() override;

  const Connection& connection() const override { return client_.connection(); }
  bool seated() const override { return client_.seated(); }
  std::string room() const override { return client_.seat().room_id; }
  std::uint32_t entity() const override { return client_.seat().entity; }
  std::uint64_t bytes_received() const override { return client_.bytes_received(); }

  // What the last applied frame set.
  void tell_values(PlayerEvents& events);

 private:
  const Endpoint& endpoint_;
  bool resumes_;
  std::string room_;
  Client client_;
};

// Between clients, which know themselves by number, and those who want to know of players.
class RelayEvents final : public ClientEvents {
 public:
  explicit RelayEvents(PlayerEvents& events) : events_(events) {}
  // By number.
  std::vector<RelayPlayer*> players;

  void on_seated(Client& client, std::int64_t) override { events_.on_seated(player(client)); }
  void on_frame(Client& client, const FrameFacts& frame, std::int64_t now_ns) override;
  void on_refused(Client& client, const std::string& reason) override;
  void on_closed(Client& client, int code, const std::string& reason) override;

 private:
  RelayPlayer& player(const Client& client) { return *players[client.traits().number]; }

  PlayerEvents& events_;
};

}  // namespace tickrelay::bench
