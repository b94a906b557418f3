#include "relay/run/bad_way.h"

#include <algorithm>

#include "relay/core/units.h"

namespace tickrelay {

namespace {

constexpr double ns_per_s = 1e9;
constexpr std::uint32_t packets_to_repeat = 3;  // that came behind a lost one
constexpr int repeats_max = 8;                  // lost in a row, too

std::uint32_t packets_of(std::size_t bytes) {
    return static_cast<std::uint32_t>(std::max<std::size_t>((bytes + BadWay::packet_bytes - 1) / BadWay::packet_bytes, 1));
}

}  // namespace

std::int64_t BadWay::transfer_ns(std::size_t bytes) const {
    if (conditions_.bytes_per_s == 0) return 0;
    return static_cast<std::int64_t>(static_cast<double>(bytes) * ns_per_s / static_cast<double>(conditions_.bytes_per_s));
}

std::int64_t BadWay::way_ns() {
    const double varies = conditions_.jitter_ms == 0 ? 0 : (share() * 2 - 1) * conditions_.jitter_ms;
    return static_cast<std::int64_t>(std::max(0.0, (conditions_.delay_ms + varies) / 2) * ms);
}

void BadWay::set(const Conditions& conditions, std::int64_t now_ns) {
    conditions_ = conditions;
    free_ns_ = now_ns;
    for (Held& held : held_) {
        if (held.left_ns > now_ns) {
            free_ns_ += transfer_ns(held.bytes.size());
            held.left_ns = std::min(held.left_ns, free_ns_);
        }
        held.due_ns = std::min(held.due_ns, std::max(now_ns, held.left_ns) + way_ns());
    }
}

bool BadWay::fills(std::int64_t now_ns, std::size_t part) const {
    if (held_bytes_ >= held_bytes_max / part) return true;
    return conditions_.bytes_per_s != 0 && free_ns_ - now_ns >= transfer_ns(waiting_bytes_max / part);
}

std::int64_t BadWay::room_at_ns() const {
    if (held_bytes_ >= held_bytes_max / 2) return never;  // with what comes out
    return free_ns_ - transfer_ns(waiting_bytes_max / 2) + 1;
}

void BadWay::put(std::span<const std::byte> first, std::span<const std::byte> second_part, std::int64_t now_ns) {
    Held held;
    held.bytes.reserve(first.size() + second_part.size());
    held.bytes.assign(first.begin(), first.end());
    held.bytes.insert(held.bytes.end(), second_part.begin(), second_part.end());
    const std::size_t bytes = held.bytes.size();
    const std::uint32_t packets = packets_of(bytes);
    free_ns_ = std::max(free_ns_, now_ns) + transfer_ns(bytes);
    held.left_ns = free_ns_;
    held.due_ns = held.left_ns + way_ns();
    note_behind(packets, held.left_ns);
    for (std::uint32_t i = 0; i < packets && !held.lost && conditions_.loss > 0; ++i)
        if (share() < conditions_.loss) lose(held);
    held_bytes_ += bytes;
    held_.push_back(std::move(held));
}

// Its timer, and those of repeats that are lost as well.
void BadWay::lose(Held& held) {
    held.lost = true;
    if (conditions_.loss >= 1) {
        held.due_ns = never;
        return;
    }
    std::int64_t timer_ns = conditions_.delay_ms * ms + retransmit_ns;
    held.due_ns += timer_ns;
    for (int i = 0; i < repeats_max && share() < conditions_.loss; ++i) {
        timer_ns *= 2;
        held.due_ns += timer_ns;
        held.packets_behind = packets_to_repeat;  // nothing but its timer helps a lost repeat
    }
}

void BadWay::note_behind(std::uint32_t packets, std::int64_t left_ns) {
    if (conditions_.loss <= 0 || conditions_.loss >= 1) return;
    for (Held& held : held_) {
        if (!held.lost || held.packets_behind >= packets_to_repeat) continue;
        held.packets_behind += packets;
        if (held.packets_behind >= packets_to_repeat)  // there, its acknowledgement back, and the repeat there
            held.due_ns = std::min(held.due_ns, left_ns + conditions_.delay_ms * ms * 3 / 2);
    }
}

std::vector<std::byte> BadWay::take() {
    std::vector<std::byte> bytes = std::move(held_.front().bytes);
    held_bytes_ -= bytes.size();
    held_.pop_front();
    return bytes;
}

double BadWay::share() {
    random_ += 0x9E3779B97F4A7C15;  // Steele, Lea, Flood: SplitMix64
    std::uint64_t x = random_;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
    return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

}  // namespace tickrelay
