// The built-in `demo`: a round of gem collecting for the first minute with tickrelay. Players fly entities of their own, which they
// write themselves; the logic flies the bots, lays the gems, counts and ends the rounds. It uses what any logic may use.
//
// What is on the field: Transform alone: a ship (a bot's is nobody's). Transform and Health: a gem worth so many points. A ship's
// gems are kills of the Score of its player's entity, or of the bot's own. "round" messages tell when the round ends.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "relay/core/room.h"
#include "relay/logics.h"

namespace tickrelay {

namespace {

constexpr std::size_t bots = 12;
constexpr std::size_t gems = 36;
constexpr std::size_t wide_gems = 6;      // of these, worth more
constexpr float field_radius = 40;        // m
constexpr float reach = 2.2F;             // m, from a ship's middle to a gem's
constexpr float bot_push = 15;            // m/s²
constexpr float bot_drag = 1.5F;          // 1/s
constexpr double round_s = 90;
constexpr float step_s_max = 0.25F;       // a late relay moves its bots no further at once

struct TransformValue {  // arena.Transform as packed fields
    float x, y, z, yaw;
};
struct ScoreValue {  // arena.Score
    std::uint16_t kills, deaths;
};
struct HealthValue {  // arena.Health
    std::uint8_t points, shield;
};

struct Bot {
    EntityId id = 0;
    float x = 0, z = 0;                // m
    float speed_x = 0, speed_z = 0;    // m/s
    std::size_t target = 0;            // index of a gem
    std::uint16_t score = 0;
};

struct Gem {
    EntityId id = 0;
    float x = 0, z = 0;
    std::uint8_t worth = 1;
};

template <typename T>
std::span<const std::byte> bytes_of(const T& value) {
    return std::as_bytes(std::span(&value, 1));
}

float squared_distance(float x, float z, float other_x, float other_z) {
    return (x - other_x) * (x - other_x) + (z - other_z) * (z - other_z);
}

// A player's wish for its own network, "simulate": delay and jitter in ms, loss in a thousandth, bytes a second, four little-endian
// numbers of 32 bits. What is held back for a player is memory, so it is bounded.
std::optional<Conditions> read_conditions(std::span<const std::byte> data) {
    std::array<std::uint32_t, 4> numbers{};
    if (data.size() != sizeof numbers) return std::nullopt;
    for (std::size_t i = 0; i < data.size(); ++i) numbers[i / 4] |= std::to_integer<std::uint32_t>(data[i]) << (i % 4 * 8);
    return Conditions{.delay_ms = std::min(numbers[0], 2'000U),
                      .jitter_ms = std::min(numbers[1], 1'000U),
                      .loss = std::min(numbers[2], 500U) / 1000.0,
                      .bytes_per_s = numbers[3] == 0 ? 0 : std::max(numbers[3], 1'000U)};
}

class DemoLogic final : public Logic {
  public:
    // "simulate" is a wish for a worse network of one's own; what else has no receiver goes to the others.
    void on_message(Room& room, const Seat& seat, const LogicMessage& message) override {
        if (message.kind == LogicMessage::Kind::input) return;
        if (message.type == "simulate") {
            if (const auto conditions = read_conditions(message.data)) room.simulate(seat.number, *conditions);
        } else {
            room.broadcast(message.type, message.data, seat.number, true);
        }
    }

    void on_open(Room& room, const Seat& seat) override {
        if (ready_) tell_round(room, seat.number, 0, 0);
    }

    void on_tick(Room& room, std::uint32_t passed) override {
        if (!ready_ && !set_out(room)) return;
        const auto step_s = std::min(static_cast<float>(passed) / static_cast<float>(room.settings().tick_rate), step_s_max);
        for (Bot& bot : bots_) fly(room, bot, step_s);
        for (Bot& bot : bots_) collect(room, bot.id, bot.id, bot.x, bot.z);
        for (const auto& seat : room.seats()) collect_for(room, *seat);
        if (room.tick() >= round_ends_) end_round(room);
    }

    // What the room's state does not say, or only as it rounds: the round's end, how bots fly, where the gems lie.
    [[nodiscard]] std::vector<std::byte> save(const Room&) override {
        std::vector<std::byte> saved;
        if (!ready_) return saved;
        const Counts counts{.format = saved_format, .round_ends = round_ends_, .bots = static_cast<std::uint32_t>(bots_.size()),
                            .gems = static_cast<std::uint32_t>(gems_.size())};
        const auto add = [&saved](std::span<const std::byte> bytes) { saved.insert(saved.end(), bytes.begin(), bytes.end()); };
        add(bytes_of(counts));
        for (const Bot& bot : bots_) add(bytes_of(bot));
        for (const Gem& gem : gems_) add(bytes_of(gem));
        return saved;
    }

    // What another build of the demo saved is left out: then a new round is laid out. A round that was over meanwhile ends now.
    void restore(Room& room, std::span<const std::byte> saved) override {
        Counts counts;
        if (!take(saved, counts) || counts.format != saved_format || counts.bots > bots || counts.gems > gems || !find_components(room)) return;
        for (std::uint32_t i = 0; i < counts.bots; ++i)
            if (Bot bot; take(saved, bot) && room.world().has(bot.id, transform_)) bots_.push_back(bot);
        for (std::uint32_t i = 0; i < counts.gems; ++i)
            if (Gem gem; take(saved, gem) && room.world().has(gem.id, transform_)) gems_.push_back(gem);
        round_ends_ = std::max(counts.round_ends, room.tick());
        chance_.seed(room.tick());
        ready_ = true;
    }

  private:
    static constexpr std::uint32_t saved_format = 1;
    struct Counts {
        std::uint32_t format, round_ends, bots, gems;
    };

    template <typename T>
    static bool take(std::span<const std::byte>& from, T& value) {
        if (from.size() < sizeof value) return false;
        std::memcpy(&value, from.data(), sizeof value);
        from = from.subspan(sizeof value);
        return true;
    }

    // False: the room's schema is another one, and the logic does nothing.
    bool find_components(const Room& room) {
        const Layout& layout = room.world().layout();
        const auto transform = layout.find("arena.Transform"), health = layout.find("arena.Health"), score = layout.find("arena.Score");
        if (!transform || !health || !score) return false;
        transform_ = *transform;
        health_ = *health;
        score_ = *score;
        return true;
    }

    bool set_out(Room& room) {
        if (!find_components(room)) return false;
        for (std::size_t i = 0; i < gems; ++i) lay_new(room, i < wide_gems ? 3 : 1);
        for (std::size_t i = 0; i < bots; ++i) set_out_bot(room);
        round_ends_ = room.tick() + ticks_of(room, round_s);
        ready_ = true;
        tell_round(room, 0, 0, 0);
        return true;
    }

    void set_out_bot(Room& room) {
        Bot bot;
        place(bot.x, bot.z);
        bot.target = chance_() % gems;
        const TransformValue at{bot.x, 0, bot.z, 0};
        if (room.spawn(0, transform_, bytes_of(at), true, bot.id) != Refusal::none) return;
        write(room, bot.id, score_, ScoreValue{});
        bots_.push_back(bot);
    }

    void lay_new(Room& room, std::uint8_t worth) {
        Gem gem{.worth = worth};
        place(gem.x, gem.z);
        const TransformValue at{gem.x, 0, gem.z, 0};
        if (room.spawn(0, transform_, bytes_of(at), true, gem.id) != Refusal::none) return;
        write(room, gem.id, health_, HealthValue{worth, 0});
        gems_.push_back(gem);
    }

    // A bot flies at its gem; who is late for one takes another.
    void fly(Room& room, Bot& bot, float step_s) {
        if (gems_.empty()) return;
        const Gem& gem = gems_[bot.target % gems_.size()];
        const float to_x = gem.x - bot.x, to_z = gem.z - bot.z;
        const float distance = std::max(std::hypot(to_x, to_z), 0.1F);
        bot.speed_x += (to_x / distance * bot_push - bot.speed_x * bot_drag) * step_s;
        bot.speed_z += (to_z / distance * bot_push - bot.speed_z * bot_drag) * step_s;
        bot.x += bot.speed_x * step_s;
        bot.z += bot.speed_z * step_s;
        if (const float out = std::hypot(bot.x, bot.z); out > field_radius) {
            bot.x *= field_radius / out;
            bot.z *= field_radius / out;
        }
        write(room, bot.id, transform_, TransformValue{bot.x, 0, bot.z, std::atan2(bot.speed_z, bot.speed_x)});
    }

    void collect_for(Room& room, const Seat& seat) {
        const Rows& ships = room.world().rows(transform_);
        own_.clear();  // collecting writes rows
        for (const EntityId id : ships.ids())
            if (room.world().owner(id) == seat.number && !room.world().has(id, health_)) own_.push_back(id);
        for (const EntityId id : own_) {
            TransformValue at{};
            const auto value = room.world().get(id, transform_);
            std::memcpy(&at, value.data(), std::min(value.size(), sizeof at));
            collect(room, id, seat.entity, at.x, at.z);
        }
    }

    // What the ship reaches lies elsewhere from now on. scorer: the entity with its Score.
    void collect(Room& room, EntityId ship, EntityId scorer, float x, float z) {
        for (std::size_t i = 0; i < gems_.size(); ++i) {
            Gem& gem = gems_[i];
            if (squared_distance(x, z, gem.x, gem.z) > reach * reach) continue;
            add_score(room, ship, scorer, gem.worth);
            place(gem.x, gem.z);
            write(room, gem.id, transform_, TransformValue{gem.x, 0, gem.z, 0});
            for (Bot& bot : bots_)
                if (bot.target == i) bot.target = chance_() % gems_.size();
        }
    }

    void add_score(Room& room, EntityId ship, EntityId scorer, std::uint16_t worth) {
        const auto bot = std::ranges::find(bots_, ship, &Bot::id);
        if (bot != bots_.end()) bot->score += worth;
        ScoreValue score = score_of(room, scorer);
        score.kills = static_cast<std::uint16_t>(std::min(score.kills + worth, 65'535));
        write(room, scorer, score_, score);
    }

    ScoreValue score_of(const Room& room, EntityId scorer) const {
        ScoreValue score{};
        const auto value = room.world().get(scorer, score_);
        std::memcpy(&score, value.data(), std::min(value.size(), sizeof score));
        return score;
    }

    void end_round(Room& room) {
        const auto ids = room.world().rows(score_).ids();
        scorers_.assign(ids.begin(), ids.end());
        EntityId winner = 0;
        std::uint16_t most = 0;
        for (const EntityId id : scorers_) {
            const std::uint16_t score = score_of(room, id).kills;
            if (score > most) {
                most = score;
                winner = id;
            }
            if (score != 0) write(room, id, score_, ScoreValue{});
        }
        round_ends_ = room.tick() + ticks_of(room, round_s);
        tell_round(room, 0, winner, most);
    }

    // to: 0 for all. winner: an entity with a Score, 0 for none. ends_s: on the room's clock.
    void tell_round(Room& room, PlayerNumber to, EntityId winner, std::uint16_t score) const {
        const double ends_s = static_cast<double>(round_ends_) / room.settings().tick_rate;
        const std::string text = R"({"ends_s": )" + std::to_string(ends_s) + R"(, "winner": )" + std::to_string(winner) +
                                 R"(, "score": )" + std::to_string(score) + "}";
        const auto data = std::as_bytes(std::span(text.data(), text.size()));
        if (to == 0) {
            room.broadcast("round", data);
        } else {
            room.send(to, "round", data);
        }
    }

    void place(float& x, float& z) {
        std::uniform_real_distribution<float> share(0, 1);
        const float radius = (field_radius - 3) * std::sqrt(share(chance_));
        const float angle = share(chance_) * 2 * std::numbers::pi_v<float>;
        x = radius * std::cos(angle);
        z = radius * std::sin(angle);
    }

    static Tick ticks_of(const Room& room, double seconds) { return static_cast<Tick>(seconds * room.settings().tick_rate); }

    template <typename T>
    static void write(Room& room, EntityId id, ComponentIndex component, const T& value) {
        room.write(id, component, room.world().layout().component(component).all(), bytes_of(value));
    }

    bool ready_ = false;
    ComponentIndex transform_{}, health_{}, score_{};
    std::vector<Bot> bots_;
    std::vector<Gem> gems_;
    std::vector<EntityId> own_, scorers_;
    Tick round_ends_ = 0;
    std::minstd_rand chance_{1};  // every room begins alike
};

}  // namespace

std::unique_ptr<Logic> make_demo_logic() { return std::make_unique<DemoLogic>(); }

}  // namespace tickrelay
