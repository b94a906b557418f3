// What workers keep → the store. One per worker, on its thread.
#pragma once

#include "relay/fleet/store.h"
#include "relay/run/keeper.h"

namespace tickrelay {

class RoomKeeper final : public Keeper {
  public:
    explicit RoomKeeper(Store& store) : store_(store) {}

    void keep(RoomRecord& room, std::uint32_t term, std::span<const std::byte> bytes, bool runs_on, Then then) override;
    void ended(RoomRecord& room) override;
    void set_aside(RoomRecord& room, std::string_view why) override;

  private:
    Store& store_;
};

}  // namespace tickrelay
