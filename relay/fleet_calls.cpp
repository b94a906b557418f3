// Calls about rooms of other nodes: asked there, and answered here as if they were this node's.

#include <charconv>
#include <chrono>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "relay/door/json.h"
#include "relay/fleet_desk.h"
#include "relay/log.h"

namespace tickrelay {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds again_every{20};
constexpr std::int64_t journal_patience_ms = 1'000;  // on the admin thread
constexpr milliseconds others_patience{2'000};
constexpr std::size_t bans_at_once = 1'000;
constexpr std::size_t bans_tries = 3;
constexpr milliseconds between_patience{3'000};  // for a room to come up on another node

std::int64_t ms_until(Deadline deadline) { return std::max<std::int64_t>(std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count(), 1); }

// What a node says of a room that it does not run, or that is on its way.
bool gone_from_there(std::string_view answer) {
    return answer.find(R"("reason":")" + std::string(reason_room_not_found)) != std::string_view::npos;
}

}  // namespace

std::string FleetDesk::subject(const std::string& node, const char* what) const { return node_.prefix() + ".node." + key_of(node) + "." + what; }

std::optional<std::string> FleetDesk::serve() {
    auto failed = store_.nats().serve(subject(node_.name(), "call"), [this](std::string line, Nats::Answer answer) {
        calls_.give([this, line = std::move(line), answer = std::move(answer)] {
            AdminSession session;
            session.forwarded = true;
            session.door = "fleet";
            std::string answered = rpc_.answer(line, session);
            if (const std::size_t most = store_.nats().payload_max(); most != 0 && answered.size() > most)
                answered = Rpc::refusal("too_large", "the answer of node '" + node_.name() + "' has " + std::to_string(answered.size()) +
                                                         " bytes, and the NATS servers carry " + std::to_string(most) + " (max_payload): ask for less with limit, or ask that node itself");
            answer(answered);
        });
    });
    if (failed) return failed;
    return store_.nats().serve(subject(node_.name(), "adopt"), [this](std::string room_id, Nats::Answer answer) {
        if (draining_) return answer("draining");
        const std::size_t end = room_id.rfind('\n');
        std::uint64_t revision = 0;
        if (end == std::string::npos || std::from_chars(room_id.data() + end + 1, room_id.data() + room_id.size(), revision).ec != std::errc() || revision == 0)
            return answer("it does not say which entry of the directory it means");
        room_id.resize(end);
        moves_.give([this, room_id = std::move(room_id), revision, answer = std::move(answer)] { answer(adopt(room_id, revision)); });
    });
}

std::optional<std::string> FleetDesk::ask(const std::string& node, const std::string& line, Deadline deadline, bool& nobody) {
    return store_.nats().ask(subject(node, "call"), line, ms_until(deadline), nobody);
}

// The node that has it, or where it is best. Empty: here.
std::string FleetDesk::spawn_at(const std::string& room_id, std::int64_t now_ns) {
    return node_.ask([&](Directory& directory, std::int64_t) {
        if (!room_id.empty()) {
            const Directory::Found found = directory.find(room_id, now_ns);
            if (found.where == Directory::Where::elsewhere) return found.node;
            if (found.where == Directory::Where::here) return std::string();
        }
        std::string best = directory.best(now_ns);
        if (!best.empty()) directory.placed(best);
        return best == directory.self() ? std::string() : best;
    });
}

std::optional<std::string> FleetDesk::forward(const std::string& method, const std::string& room_id, const std::string& line, Deadline deadline) {
    if (!room_id.empty() && lobby_.find(room_id)) return std::nullopt;
    if (method == "room.spawn") {
        const std::string node = spawn_at(room_id, boottime_ns());
        if (node.empty()) return std::nullopt;
        bool nobody = false;
        if (auto answer = ask(node, line, deadline, nobody)) return answer;
        if (nobody) return std::nullopt;  // it is gone: here, then
        return Rpc::refusal(reason_timeout, "node '" + node + "' did not answer in time: the room may have been made there");
    }
    const Deadline patience = std::min(deadline, steady_clock::now() + between_patience);
    for (;;) {
        const Directory::Found found = node_.find(room_id);
        if (found.where == Directory::Where::nowhere || lobby_.find(room_id)) return std::nullopt;
        if (found.where == Directory::Where::elsewhere) {
            bool nobody = false;
            auto answer = ask(found.node, line, deadline, nobody);
            if (answer && !gone_from_there(*answer)) return answer;
            if (!answer && !nobody)  // it may have been done: it is not asked again
                return Rpc::refusal(reason_timeout, "node '" + found.node + "', which has the room, did not answer in time");
        }
        if (steady_clock::now() >= patience) return std::nullopt;
        std::this_thread::sleep_for(again_every);
    }
}

// All at once: the slowest counts.
std::vector<NodeAnswer> FleetDesk::ask_others(const std::string& line, Deadline deadline) {
    const Deadline patience = std::min(deadline, steady_clock::now() + others_patience);
    std::vector<std::pair<std::string, std::future<std::optional<std::string>>>> asked;
    for (const NodeInfo& node : nodes()) {
        if (!node.alive || node.here) continue;
        asked.emplace_back(node.node, std::async(std::launch::async, [this, name = node.node, &line, patience] {
                               bool nobody = false;
                               return ask(name, line, patience, nobody);
                           }));
    }
    std::vector<NodeAnswer> answers;
    for (auto& [node, answer] : asked) answers.push_back({.node = node, .line = answer.get()});
    return answers;
}

// Of whoever was there before: it may have heard of some that this node missed.
void FleetDesk::learn_bans() {
    std::set<std::string> known;
    bool more = true;
    for (std::size_t skip = 0, tries = 0; more && !stopping_;) {
        const std::string line = dump_line({{"jsonrpc", "2.0"}, {"id", 0}, {"method", "ban.list"}, {"params", {{"limit", bans_at_once}, {"skip", skip}}}});
        more = false;
        bool silent = false;
        for (const NodeAnswer& other : ask_others(line, steady_clock::now() + others_patience)) {
            const nlohmann::json answer = other.line ? parse_json(*other.line) : nlohmann::json();
            const bool told = answer.is_object() && answer.contains("result");
            silent |= !told;
            if (!told) continue;
            const nlohmann::json& bans = answer["result"]["bans"];
            more |= bans.size() == bans_at_once;
            for (const nlohmann::json& ban : bans) learn_ban(ban, known);
        }
        if (silent && ++tries < bans_tries) {  // busy, perhaps: asked again
            more = true;
            continue;
        }
        if (silent) log::warn("another node does not tell its bans: who is banned there alone is not known here until it is banned again");
        skip += bans_at_once;
    }
}

void FleetDesk::learn_ban(nlohmann::json ban, std::set<std::string>& known) {
    const double left_s = ban.value("ends_in_s", 0.0);
    ban.erase("ends_in_s");
    if (left_s < 1 || !known.insert(dump_line(ban)).second) return;
    ban["ban_s"] = left_s;
    AdminSession session;
    session.forwarded = true;
    session.door = "fleet";
    const char* method = ban.contains("address") ? "address.ban" : "player.ban";
    rpc_.answer(dump_line({{"jsonrpc", "2.0"}, {"id", 0}, {"method", method}, {"params", std::move(ban)}}), session);
}

std::vector<NodeInfo> FleetDesk::nodes() {
    return node_.ask([](Directory& directory, std::int64_t now_ns) {
        std::vector<NodeInfo> infos;
        for (const auto& [name, node] : directory.nodes())
            infos.push_back({.node = name,
                             .url = node.entry.url,
                             .headroom = node.entry.headroom,
                             .rooms = node.entry.rooms,
                             .draining = node.entry.draining,
                             .alive = directory.lives(node, now_ns),
                             .here = name == directory.self(),
                             .seen_s = static_cast<double>(now_ns - node.changed_ns) / 1e9});
        return infos;
    });
}

Answer<FleetEvents> FleetDesk::events(std::optional<std::uint64_t> after, Deadline deadline) {
    std::uint64_t last = 0;
    if (store_.nats().last_number(store_.journal_stream(), last, std::min(ms_until(deadline), journal_patience_ms)) != Nats::Read::found)
        return Refused{std::string(reason_not_available), "the fleet's journal cannot be read now: look at the NATS servers, and try again"};
    return FleetEvents{.feed = feeds_.open(after.value_or(last)), .last = last};
}

std::optional<Refused> FleetDesk::begin(const std::string& room_id) {
    switch (store_.begin_named(room_id)) {
        case NatsStore::Begun::claimed: return std::nullopt;
        case NatsStore::Begun::exists:
            return Refused{std::string(reason_room_exists), "room '" + room_id + "' is on another node, or about to be taken up: try again, or choose another id"};
        case NatsStore::Begun::failed: break;
    }
    return Refused{"store_failing", "the fleet's directory cannot be written now: look at the NATS servers, and try again"};
}

std::optional<Answer<Done>> FleetDesk::discard(const std::string& room_id) {
    switch (store_.discard(room_id)) {
        case NatsStore::Discarded::none: return std::nullopt;
        case NatsStore::Discarded::failed: return Refused{"store_failing", "the fleet's directory cannot be written now: look at the NATS servers, and try again"};
        case NatsStore::Discarded::done: break;
    }
    log::info("a room that no node could take up is closed, and its checkpoint forgotten", {{"room_id", room_id}});
    return Done{};
}

void FleetDesk::give_up(const std::string& room_id) {
    const auto term = node_.ask([&](Directory& directory, std::int64_t) {
        const Directory::Room* room = directory.room(room_id);
        return room == nullptr ? 0U : room->entry.term;
    });
    store_.release(room_id, term);
}

}  // namespace tickrelay
