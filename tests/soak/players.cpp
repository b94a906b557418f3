// Players who check all they see while others do their worst. Each owns an entity whose fields follow from one count, so that a
// value put together from two ticks shows; counts never go back; numbered messages come once and in order, or their loss is told.
//
//   tickrelay_soak_players URL ROOMS PLAYERS RATE_HZ SLOW NAME
//
// In the rooms NAME-0, NAME-1 …; SLOW of each room's players poll only twice a second. Prints a line of JSON a second until its input ends, then the last.
#include <poll.h>
#include <tickrelay/client.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "schema/arena_generated.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Totals {
    std::uint64_t frames = 0, torn = 0, backwards = 0, repeated = 0, silently_lost = 0, told_lost = 0, messages = 0, drops = 0, returns = 0,
                  rolled_back = 0, left = 0, errors = 0, resyncs = 0;
    std::string last_left;
};

constexpr int counts = 500;  // a count as a place: x = n mod 500, z = 3 n mod 500, y = n / 500 mod 500
std::int64_t wrap(std::int64_t n) { return ((n % counts) + counts) % counts; }

arena::Transform place_of(std::int64_t n) {
    return {arena::Vec3(static_cast<float>(wrap(n)), static_cast<float>(wrap(n / counts)), static_cast<float>(wrap(3 * n))), 0};
}
// The count, or −1 where the fields do not belong together.
std::int64_t count_of(const arena::Transform& at) {
    const auto x = std::lround(at.pos().x()), y = std::lround(at.pos().y()), z = std::lround(at.pos().z());
    return wrap(3 * x) == z && std::abs(at.pos().x() - static_cast<float>(x)) < 0.01F ? y * counts + x : -1;
}

class Walker {
  public:
    Walker(const std::string& url, const std::string& room, int index, bool slow, Totals& totals)
        : client_(url, {.join_timeout_s = 60}), totals_(totals), slow_(slow) {
        room_ = client_.join_by_id(room, {.player_id = "p" + std::to_string(index)});
        room_->on_join([this] { own_ = room_->spawn(place_of(0)); });
        room_->on_change<arena::Transform>([this](tickrelay::EntityId id, const arena::Transform& at) { seen(id, at); });
        room_->on_add<arena::Transform>([this](tickrelay::EntityId id, const arena::Transform& at) { seen(id, at); });
        room_->on_remove<arena::Transform>([this](tickrelay::EntityId id, const arena::Transform&) { counts_.erase(id); });
        room_->on_state_change([this](const tickrelay::State&) { ++totals_.frames; });
        room_->on_message("n", [this](const tickrelay::Message& message) { heard(message); });
        room_->on_drop([this](std::uint16_t, const std::string&) { ++totals_.drops; });
        room_->on_reconnect([this](const tickrelay::Reconnected& how) {
            ++totals_.returns;
            if (!how.rolled_back) return;
            ++totals_.rolled_back;
            counts_.clear();  // it is of another timeline
            numbers_.clear();
        });
        room_->on_leave([this](std::uint16_t code, const std::string& reason) {
            ++totals_.left;
            totals_.last_left = std::to_string(code) + " " + reason;
        });
        room_->on_error([this](const tickrelay::Error& error) {
            if (error.label == "events_lost") ++totals_.told_lost, numbers_.clear();
            else ++totals_.errors;
        });
    }

    void step(std::int64_t tick) {
        if (slow_ && tick % 15 != 0) return;
        client_.poll();
        if (room_->phase() != tickrelay::Room::Phase::joined || own_ == 0) return;
        room_->set(own_, place_of(++count_));
        if (count_ % 7 == 0) room_->send("n", std::to_string(++sent_), tickrelay::To::others());
    }
    [[nodiscard]] bool joined() const { return room_->phase() == tickrelay::Room::Phase::joined; }
    [[nodiscard]] double state_age() const { return room_->state_age(); }
    [[nodiscard]] std::uint64_t resyncs() const { return room_->stats().resyncs; }
    [[nodiscard]] bool slow() const { return slow_; }
    [[nodiscard]] const tickrelay::Room& room() const { return *room_; }

  private:
    void seen(tickrelay::EntityId id, const arena::Transform& at) {
        const std::int64_t n = count_of(at);
        if (n < 0) {
            if (++totals_.torn < 5) std::fprintf(stderr, "torn: entity %u %g %g %g\n", id, at.pos().x(), at.pos().y(), at.pos().z());
            return;
        }
        const auto found = counts_.find(id);
        // Round after 250,000 counts; else a count never goes back.
        if (found != counts_.end() && n < found->second && found->second - n < counts * counts / 2) {
            if (++totals_.backwards < 5) std::fprintf(stderr, "backwards: entity %u from %ld to %ld\n", id, found->second, n);
        }
        counts_[id] = n;
    }
    void heard(const tickrelay::Message& message) {
        ++totals_.messages;
        const std::uint64_t number = std::strtoull(std::string(message.text()).c_str(), nullptr, 10);
        std::uint64_t& last = numbers_[message.player];
        if (last != 0 && number <= last) ++totals_.repeated;
        if (last != 0 && number > last + 1) ++totals_.silently_lost;
        last = std::max(last, number);
    }

    tickrelay::Client client_;
    std::shared_ptr<tickrelay::Room> room_;
    Totals& totals_;
    bool slow_;
    tickrelay::EntityId own_ = 0;
    std::int64_t count_ = 0;
    std::uint64_t sent_ = 0;
    std::map<tickrelay::EntityId, std::int64_t> counts_;
    std::map<tickrelay::PlayerNumber, std::uint64_t> numbers_;
};

double quantile(std::vector<double>& values, double share) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

void print(const std::vector<std::unique_ptr<Walker>>& walkers, const Totals& totals, std::vector<double>& ages, std::vector<double>& slow_ages) {
    std::uint64_t joined = 0, resyncs = 0;
    for (const auto& walker : walkers) joined += walker->joined() ? 1 : 0, resyncs += walker->resyncs();
    std::printf("{\"players\": %zu, \"joined\": %lu, \"frames\": %lu, \"torn\": %lu, \"backwards\": %lu, \"repeated\": %lu, \"silently_lost\": %lu, "
                "\"told_lost\": %lu, \"messages\": %lu, \"drops\": %lu, \"returns\": %lu, \"rolled_back\": %lu, \"left\": %lu, \"errors\": %lu, "
                "\"resyncs\": %lu, \"state_age_p99_ms\": %.1f, \"slow_state_age_p99_ms\": %.1f, \"last_left\": \"%s\"}\n",
                walkers.size(), joined, totals.frames, totals.torn, totals.backwards, totals.repeated, totals.silently_lost, totals.told_lost,
                totals.messages, totals.drops, totals.returns, totals.rolled_back, totals.left, totals.errors, resyncs,
                quantile(ages, 0.99) * 1000, quantile(slow_ages, 0.99) * 1000, totals.last_left.c_str());
    std::fflush(stdout);
    ages.clear();
    slow_ages.clear();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) {
        std::fprintf(stderr, "usage: tickrelay_soak_players URL ROOMS PLAYERS RATE_HZ SLOW NAME\n");
        return 2;
    }
    const int rooms = std::atoi(argv[2]), players = std::atoi(argv[3]), rate = std::atoi(argv[4]), slow = std::atoi(argv[5]);
    Totals totals;
    std::vector<std::unique_ptr<Walker>> walkers;
    for (int room = 0; room < rooms; ++room)
        for (int i = 0; i < players; ++i)
            walkers.push_back(std::make_unique<Walker>(argv[1], std::string(argv[6]) + "-" + std::to_string(room), i, i < slow, totals));
    std::vector<double> ages, slow_ages;
    auto next = Clock::now();
    for (std::int64_t tick = 1;; ++tick) {
        for (const auto& walker : walkers) {
            walker->step(tick);
            if (walker->joined()) (walker->slow() ? slow_ages : ages).push_back(walker->state_age());
        }
        if (tick % rate == 0) print(walkers, totals, ages, slow_ages);
        next += std::chrono::nanoseconds(1'000'000'000 / rate);
        if (next < Clock::now() - std::chrono::seconds(1)) next = Clock::now();  // it was stopped itself
        pollfd input{STDIN_FILENO, POLLIN, 0};
        const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(next - Clock::now()).count();
        if (poll(&input, 1, static_cast<int>(std::clamp<long>(wait, 0, 1000))) > 0) {
            char byte = 0;
            if (read(STDIN_FILENO, &byte, 1) <= 0) break;
        }
    }
    print(walkers, totals, ages, slow_ages);
}
