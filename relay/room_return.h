// Rooms of processes before, back from the store. On threads that may wait: at the start, when a drain is taken back, and in a fleet
// whenever a node ended or hands one over.
#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "relay/core/checkpoint.h"
#include "relay/core/logic.h"
#include "relay/fleet/store.h"
#include "relay/run/ports.h"

namespace tickrelay {

class RoomReturn {
  public:
    using FindLogic = std::function<LogicFactory(std::string_view name)>;

    // All must outlive it.
    RoomReturn(Store& store, Lobby& lobby, std::span<WorkerPort* const> workers, FindLogic logics)
        : store_(store), lobby_(lobby), workers_(workers), logics_(std::move(logics)) {}

    // Every room that the store has and the lobby has not, in a new term that is durable before any worker knows of it. What cannot be
    // read costs that room alone; what the store does not answer for stays in it, for the next time. A text that names what is wrong and the remedy, or nothing.
    std::optional<std::string> run();
    // Those of them that nobody else claims meanwhile. How many came back is added to `count`.
    std::optional<std::string> take(const std::vector<StoredKey>& keys, std::size_t& count);

  private:
    struct Ready {
        SavedRoomPointer state;
        Restore how;
        LogicFactory logic;
    };
    void read(const StoredKey& key);
    std::uint32_t term_above_all();
    bool claim(std::uint32_t term);
    void refuse(const StoredKey& key, const std::string& why, std::string_view remedy, std::string_view trace_id = {});

    Store& store_;
    Lobby& lobby_;
    std::span<WorkerPort* const> workers_;
    FindLogic logics_;
    std::mutex taking_;
    std::vector<StoredRoom> claimed_;  // without their bytes,
    std::vector<Ready> ready_;         // ... and what was read of them
    std::size_t refused_ = 0;
};

}  // namespace tickrelay
