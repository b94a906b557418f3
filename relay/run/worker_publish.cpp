// Rooms that are watched: what everyone may see of them goes out a few times a second, encoded once for all mirrors.

#include <chrono>
#include <new>

#include "relay/core/units.h"
#include "relay/run/worker.h"

namespace tickrelay {

namespace {

constexpr std::int64_t watched_for_ns = 4'000 * ms;  // unless it is said again
constexpr std::int64_t rest_ns = 400 * ms;           // a room at rest says so this often: who hears nothing knows that it lost touch

std::uint64_t unix_us() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

class Silence final : public Journal {
  public:
    void room_spawned(const Room&) override {}
    void room_restored(const Room&) override {}
    void room_closed(const Room&, std::string_view) override {}
    void player(std::string_view, const Room&, const Seat&, std::string_view) override {}
    void message(const Room&, PlayerNumber, const Event&) override {}
    void room_slowed(const Room&, double, double) override {}
    void room_full_rate(const Room&) override {}
};

}  // namespace

// A mirror is no room, and who watches it no player.
Journal& Worker::journal_of(const Room& room) const {
    static Silence silence;
    return room.settings().mirror ? silence : journal_;
}

void Worker::watch(Place& place, bool near, bool whole, std::int64_t now_ns) {
    try {
        if (!place.publisher) place.publisher = std::make_unique<Publisher>();
    } catch (const std::bad_alloc&) {  // it is asked for again
        return;
    }
    (near ? place.near_until_ns : place.far_until_ns) = now_ns + watched_for_ns;
    place.publish_whole |= whole;
}

void Worker::publish(Place& place, Tick now, std::int64_t now_ns) {
    const bool near = now_ns < place.near_until_ns, far = now_ns < place.far_until_ns;
    if (!near && !far) return place.publisher.reset();
    const Tick stride = place.room->settings().tick_rate / published_rate(place.room->settings());
    if (place.publisher->at() != 0 && now / stride == place.publisher->at() / stride) return;
    const bool rests = place.publisher->is_current(*place.room) && now_ns - place.published_ns < rest_ns;
    if (!rests || place.publish_whole) publish_now(place, now_ns, near, far);
}

void Worker::publish_now(Place& place, std::int64_t now_ns, bool near, bool far) {
    try {
        const std::uint64_t shown_us = place.is_mirror() ? place.record->shown_us.load(std::memory_order_relaxed) : unix_us();
        const auto bytes = place.publisher->make(*place.room, encoder_, place.publish_whole, shown_us);
        publications_->publish(*place.record, bytes, near, far);
        stats_.publications.add();
        stats_.publication_bytes.add(bytes.size());
    } catch (const std::bad_alloc&) {  // its mirrors lack this, and ask for all of it
        encoder_.forget_half_made();
        return place.publisher.reset();
    }
    place.published_ns = now_ns;
    place.publish_whole = false;
}

// As its last tick left it, which players were sent.
void Worker::publish_last(Place& place) {
    const std::int64_t now_ns = clock_();
    if (place.room->tick() > place.publisher->at() && !place.publisher->is_current(*place.room))
        publish_now(place, now_ns, now_ns < place.near_until_ns, now_ns < place.far_until_ns);
}

void Worker::publish_end(Place& place, CloseCode code) {
    if (!place.publisher) return;
    try {
        publications_->publish(*place.record, place.publisher->make_end(code, place.room->term(), unix_us()), place.near_until_ns != 0, place.far_until_ns != 0);
    } catch (const std::bad_alloc&) {  // then they find out
    }
}

void Worker::note_gone(Place& place) {
    if (publications_ != nullptr) publications_->gone(*place.record);
}

}  // namespace tickrelay
