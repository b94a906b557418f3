// What a mirror follows: publications of its room as they come, each shown when its delay is over, and the logic that writes them into the
// mirror's world.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "relay/core/checkpoint.h"
#include "relay/core/logic.h"
#include "relay/core/publication.h"
#include "relay/run/lobby.h"

namespace tickrelay {

// Times: CLOCK_MONOTONIC, ns. Any thread.
class MirrorFeed {
  public:
    static constexpr std::size_t waiting_bytes_max = 64 * 1024 * 1024;

    explicit MirrorFeed(std::int64_t delay_ns) : delay_ns_(delay_ns) {}

    void take(std::span<const std::byte> publication, std::int64_t now_ns);
    // The next whose time has come.
    [[nodiscard]] std::optional<std::vector<std::byte>> next(std::int64_t now_ns);
    // The mirror that is made of it.
    void follow(const RoomRecordPointer& mirror);

    // Something did not come: only all of it helps. Whether that was so since the last call.
    void lack() { lacks_.store(true); }
    [[nodiscard]] bool take_lack() { return lacks_.exchange(false); }
    [[nodiscard]] bool empty();
    // Something came in this time.
    [[nodiscard]] bool heard_within(std::int64_t time_ns, std::int64_t now_ns);
    // The last has come, and is to be sent for so long.
    void end_in(std::int64_t time_ns, std::int64_t now_ns);
    // The mirror shows what was published then, Unix.
    void show(std::uint64_t published_us);

  private:
    struct Arrived {
        std::int64_t due_ns;
        std::vector<std::byte> bytes;
    };

    const std::int64_t delay_ns_;
    std::atomic<bool> lacks_{true};
    std::mutex mutex_;
    std::deque<Arrived> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::int64_t present_until_ns_ = 0;
    std::int64_t heard_ns_ = 0;
    std::weak_ptr<RoomRecord> mirror_;  // which has a logic, which has this
};

// A mirror's state from a first publication that has all of it. stays: it does not end when nobody watches. Or a text that names what is wrong.
std::variant<SavedRoomPointer, std::string> begin_mirror(const Publication& first, bool stays);
// Where it is in what it follows.
struct MirrorStart {
    std::uint32_t term = 0;
    Tick tick = 0;
};
// Follows from there. clock: CLOCK_MONOTONIC, ns.
std::unique_ptr<Logic> mirror_logic(std::shared_ptr<MirrorFeed> feed, const MirrorStart& start, std::function<std::int64_t()> clock);

}  // namespace tickrelay
