// Before the handshake: what an acceptor does, over the real doorman and the real reader of PROXY headers; who comes from where; and the
// quotas and bans of addresses, counted a second time. Owner: the simulation.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "network.h"
#include "relay/doorman.h"

namespace tickrelay::sim {

// May come so often in a second, and what was not used of two at once.
struct Toll {
  double owed_s = 0;
  std::int64_t at_ns = 0;

  // Whether one more may come; nothing where it is too close to tell.
  std::optional<bool> may(double per_s, std::int64_t now_ns);
  void take(double per_s) { owed_s += per_s <= 0 ? 0 : 1 / per_s; }
};

class Entrance final : public Guard {
 public:
  // Whose a connection is, and who carries it.
  struct Way {
    enum class Header : std::uint8_t { line, binary, local, wrong, none };
    PeerAddress from{};
    std::optional<PeerAddress> balancer;
    Header header = Header::line;
  };

  Entrance(const Options& options, Bans& bans, StatsShard& counts, const std::int64_t& now_ns, Random random, Tally& tally);

  void set(const Options& options);
  Way random_way();
  // A client's connection; its loop hears of it where it is admitted.
  WirePointer connect(FakeSockets& sockets, const Quality& quality, const Way& way);
  void step();  // headers on their way
  void cut_all();
  void released(const PeerAddress& from);

  // For a time; the relay's table and this one's.
  void ban(Bans::Ban ban);
  void lift_bans();
  [[nodiscard]] bool is_banned(std::string_view player_id, std::string_view room_id) const;
  [[nodiscard]] bool is_banned(const PeerAddress& address) const;
  [[nodiscard]] bool is_banned_somewhere(std::string_view player_id) const;

  std::optional<Drop> join(const PeerAddress& from, std::int64_t now_ns) override;
  void refused(const PeerAddress& from, std::string_view reason, std::string_view detail, std::int64_t now_ns) override;
  // What was refused here is what the doorman counted.
  void check_counts() const;
  [[nodiscard]] std::uint64_t told(std::string_view reason) const;

 private:
  struct Customer {
    std::uint32_t open = 0;
    Toll connects, joins;
  };
  struct Waiting {
    WirePointer wire;
    FakeSockets* sockets;
    Way way;
    std::string bytes;  // the header, and what follows
    std::size_t header_bytes = 0, come = 0;
    std::int64_t until_ns = 0;
  };
  void admit(const WirePointer& wire, FakeSockets& sockets, const PeerAddress& from);
  void turn_away(Wire& wire, std::size_t reason);
  [[nodiscard]] std::array<std::uint64_t, reasons> counts() const;
  bool read_header(Waiting& waiting);
  std::string header_of(const Way& way);
  Customer& customer(const PeerAddress& from);

  Options options_;
  Bans& bans_;
  StatsShard& counts_;
  const std::int64_t& now_ns_;
  Random random_;
  Tally& tally_;
  Doorman doorman_;
  std::vector<PeerAddress> addresses_;
  std::uint32_t open_ = 0;
  std::map<PeerAddress, Customer> customers_;
  std::vector<Waiting> waiting_;
  std::vector<Bans::Ban> banned_;
  std::map<std::string, std::uint64_t, std::less<>> told_;  // by loops
  std::array<std::uint64_t, reasons> turned_away_{};        // here
};

}  // namespace tickrelay::sim
