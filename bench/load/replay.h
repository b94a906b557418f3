#pragma once
// A recording as a live room: one client with role Authority writes every recorded tick into the room, and the tick's
// number into entity 0 with it. One thread.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bench/load/crowd.h"
#include "bench/load/recorded_changes.h"
#include "bench/load/recorded_schema.h"

namespace tickrelay::bench {

struct ReplayCounts {
  std::uint64_t ticks = 0, spawned = 0, set = 0, despawned = 0;
  std::map<std::string, std::uint64_t> refused;
  double lateness_max_ms = 0;
};

class Replay final : private ClientEvents {
 public:
  Replay(Endpoint endpoint, const Recording& recording, const RecordedSchema& schema, std::int64_t server_ahead_ns);

  // Takes the authority's seat. Throws std::runtime_error where that fails.
  void join(const JoinWish& wish, std::int64_t patience_ns);
  // Plays the first `ticks` of the recording at its own rate; `each_second` gets the tick that was written last.
  // Throws std::runtime_error where the connection ends.
  void play(std::size_t ticks, const std::function<void(std::size_t tick)>& each_second);
  void leave();

  const ReplayCounts& counts() const { return counts_; }

 private:
  void on_seated(Client& client, std::int64_t now_ns) override;
  void on_refused(Client& client, const std::string& reason) override;
  void on_closed(Client& client, int code, const std::string& reason) override;

  std::int64_t first_write_ns() const;
  void write_tick(std::size_t tick);
  void add(const RecordedChange& change);
  void add_action(wire::ActionKind kind, std::uint16_t component, std::uint32_t entity, std::uint64_t mask,
                  std::span<const std::uint8_t> data);
  void send_actions();
  std::uint32_t new_id();
  void find_components();
  void check_connection() const;

  const Recording& recording_;
  const RecordedSchema& schema_;
  std::int64_t server_ahead_ns_;
  Crowd crowd_;
  RecordedChanges changes_;
  std::vector<std::uint16_t> components_;  // by recorded type
  std::uint16_t tick_component_ = 0;
  std::map<RecordedKey, std::uint32_t> entities_;
  std::vector<ActionWish> actions_;
  std::vector<std::vector<std::uint8_t>> values_;  // what actions_ point into
  std::string failure_;
  ReplayCounts counts_;
};

}  // namespace tickrelay::bench
