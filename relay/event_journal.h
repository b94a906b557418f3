// What workers tell of rooms and players → the ring that operators follow. One per worker, on its thread.
#pragma once

#include "relay/door/event_ring.h"
#include "relay/run/worker.h"

namespace tickrelay {

std::int64_t unix_ms();  // the wall clock, for people

class EventJournal final : public Journal {
  public:
    explicit EventJournal(EventRing& ring) : writer_(ring) {}

    void room_spawned(const Room& room) override;
    void room_restored(const Room& room) override;
    void room_closed(const Room& room, std::string_view reason) override;
    void room_let_go(const Room&, std::string_view) override {}  // its next owner says that it was restored
    void player(std::string_view what, const Room& room, const Seat& seat, std::string_view reason) override;
    void message(const Room& room, PlayerNumber from, const Event& message) override;
    void room_slowed(const Room& room, double send_hz, double tick_hz) override;
    void room_full_rate(const Room& room) override;
    void flush() override { writer_.flush(); }

  private:
    EventWriter writer_;
};

}  // namespace tickrelay
