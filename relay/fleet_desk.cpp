#include "relay/fleet_desk.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

#include "relay/log.h"
#include "relay/on_place.h"

namespace tickrelay {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t moves_at_once = 16;
constexpr milliseconds look_every{250};
constexpr std::chrono::seconds own_every{5};
constexpr milliseconds park_patience{3'000};  // a room's next send tick, and the NATS servers
constexpr std::int64_t adopt_patience_ms = 3'000, adopt_each_ms = 250;
constexpr std::chrono::seconds stays_first{5}, stays_most{60};  // a room that nobody took
constexpr milliseconds hears_within{1'000};  // of what another node has just written

}  // namespace

FleetDesk::FleetDesk(NatsStore& store, Lobby& lobby, std::span<WorkerPort* const> workers, std::span<LoopPort* const> loops, RoomReturn& rooms,
                     Controls& controls, EventRing& events)
    : store_(store), node_(store.node()), lobby_(lobby), workers_(workers), rooms_(rooms), rpc_(controls, events),
      feeds_(store.nats(), store.journal_stream(), store.journal_subjects(), [&events] { events.announce(); }) {
    for (WorkerPort* port : workers) port->right = &node_.lease();
    for (LoopPort* port : loops) port->right = &node_.lease();
}

std::string FleetDesk::address_of(const Options& options, std::uint16_t port) {
    if (!options.fleet_address.empty()) return options.fleet_address;
    Address own{options.listen.host, port};
    const bool any = own.host.empty() || own.host == "0.0.0.0" || own.host == "::";
    if (any) own.host = store_.nats().local_address();
    return own.host.empty() ? "" : to_string(own);
}

std::optional<std::string> FleetDesk::join(const std::string& url, const std::string& address, std::function<FleetNode::Load()> load) {
    moves_.start(look_every, [this] {
        draining_ ? move_rooms() : stays_.clear();
        look_for_own();
    });
    calls_.start(std::chrono::seconds(60), {});
    if (auto error = serve()) return error;
    auto failed = node_.join(url, address, std::move(load),
                      {.look =
                           [this] {
                               if (!looks_.exchange(true)) moves_.give([this] { look(); });
                           },
                       .fenced = [this] { moves_.give([this] { let_go_all(); }); }});
    if (!failed) calls_.give([this] { learn_bans(); });  // the others know of this node by now, and tell it of further ones
    return failed;
}

void FleetDesk::stop() {
    stopping_ = true;
    draining_ = false;
    moves_.stop();
    calls_.stop();
    feeds_.stop();
}

void FleetDesk::drain(bool draining) {
    draining_ = draining;
    node_.renew_now();  // nobody places a room here from now on
    moves_.wake();
}

// ---------------------------------------------------------------------------------------------- rooms that come, and those that are lost

void FleetDesk::look() {
    looks_ = false;
    let_go_lost();
    if (draining_ || stopping_) return;
    if (const auto failed = rooms_.run()) log::warn("free rooms of the fleet cannot be taken up now", {{"why", *failed}});
}

// The answer to a claim may have been lost, and its room is this node's without being run. One that begins or ends just now is not there at
// one look, and not so at the next.
void FleetDesk::look_for_own() {
    const auto now = std::chrono::steady_clock::now();
    if (now < own_due_ || stopping_) return;
    own_due_ = now + own_every;
    std::set<std::string> missing;
    std::vector<StoredKey> twice;
    for (const std::string& id : node_.ask([](Directory& directory, std::int64_t) { return directory.own_rooms(); })) {
        if (lobby_.find(id) || store_.is_aside(id)) {
            owed_.erase(id);
            continue;
        }
        // What a drain that was over has let go waits for others, or the next start; what it could not take back is this node's to run.
        if (draining_ && !owed_.contains(id)) continue;
        missing.insert(id);
        const std::uint64_t revision = missing_.contains(id) ? own_revision(id) : 0;
        if (revision != 0) twice.push_back({.id = id, .revision = revision});
    }
    missing_ = std::move(missing);
    std::size_t count = 0;
    if (const auto failed = rooms_.take(twice, count)) log::warn("rooms of this node cannot be taken up now", {{"why", *failed}});
}

void FleetDesk::let_go_lost() {
    for (const std::string& id : node_.take_lost()) {
        const RoomRecordPointer record = lobby_.find(id);
        if (!record) continue;
        const Directory::Found found = node_.find(id);
        if (found.where == Directory::Where::here) continue;  // it came back meanwhile
        const bool known = found.where == Directory::Where::elsewhere;
        let_go(record, known ? CloseCode::moved : CloseCode::going_away, known ? found.url : "the room went to another node");
    }
}

void FleetDesk::let_go_all() {
    for (const RoomRecordPointer& record : lobby_.all()) let_go(record, CloseCode::going_away, "this node lost its rooms to others");
}

void FleetDesk::let_go(const RoomRecordPointer& record, CloseCode code, const std::string& detail) {
    workers_[record->worker]->post(
        std::make_unique<OnPlace>(record, [code, detail](Worker& worker, Worker::Place& place, std::int64_t) { worker.let_go(place, code, detail); }));
}

// Another node hands it over as its entry of that revision, and waits: too late, it has taken it back under another. Empty: done; else why not.
std::string FleetDesk::adopt(const std::string& room_id, std::uint64_t revision) {
    if (draining_ || stopping_) return "draining";
    const auto until = std::chrono::steady_clock::now() + hears_within;
    const auto heard = [&](Directory& directory, std::int64_t) {
        const Directory::Room* room = directory.room(room_id);
        return room != nullptr && room->revision >= revision;
    };
    while (!node_.ask(heard) && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(5));
    std::size_t count = 0;
    if (const auto failed = rooms_.take({{.id = room_id, .revision = revision}}, count)) return *failed;
    return count == 1 || lobby_.find(room_id) ? "" : "it could not be taken up";
}

// ---------------------------------------------------------------------------------------------- rooms that go

void FleetDesk::move_rooms() {
    std::size_t moved = 0;
    while (draining_ && lobby_.size() != 0) {
        std::vector<Move> moves;
        const auto now = std::chrono::steady_clock::now();
        for (const RoomRecordPointer& record : lobby_.all()) {
            if (moves.size() == moves_at_once) break;
            if (const auto stays = stays_.find(record->id); stays != stays_.end() && now < stays->second.until) continue;
            std::string to = node_.ask([&](Directory& directory, std::int64_t now_ns) {
                std::string best = directory.best(now_ns, directory.self());
                if (!best.empty()) directory.placed(best);
                return best;
            });
            if (to.empty()) break;
            moves.push_back({.record = record, .to = std::move(to)});
        }
        if (moves.empty()) break;  // nobody takes any now
        moved += move(moves);
    }
    if (moved != 0) log::info("rooms went to other nodes", {{"rooms", moved}, {"left", lobby_.size()}});
}

// Returns how many went. Those that did not are left to their players for a while, longer each time: none of them holds up another's move.
std::size_t FleetDesk::move(std::vector<Move>& moves) {
    park(moves);
    ask_to_adopt(moves);
    std::size_t went = 0;
    for (const Move& each : moves) {
        if (finish(each)) {
            ++went;
            stays_.erase(each.record->id);
            continue;
        }
        Stays& stays = stays_[each.record->id];
        stays.pause = std::clamp(stays.pause * 2, stays_first, stays_most);
        stays.until = std::chrono::steady_clock::now() + stays.pause;
    }
    // Until their workers have let them go, so that nobody takes them for ones that stay.
    const auto until = std::chrono::steady_clock::now() + milliseconds(500);
    const auto gone = [this](const Move& each) { return !each.parked || lobby_.find(each.record->id) != each.record; };
    while (!std::ranges::all_of(moves, gone) && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(1));
    return went;
}

// Each stands still after its next frames, and is in the store as those left it.
void FleetDesk::park(std::vector<Move>& moves) {
    std::vector<std::future<bool>> answers;
    for (Move& each : moves) {
        const auto promise = std::make_shared<std::promise<bool>>();
        answers.push_back(promise->get_future());
        workers_[each.record->worker]->post(std::make_unique<OnPlace>(each.record, [promise](Worker& worker, Worker::Place& place, std::int64_t) {
            worker.park(place, [promise](bool durable) { promise->set_value(durable); });
        }));
    }
    const auto until = std::chrono::steady_clock::now() + park_patience;
    for (std::size_t i = 0; i < moves.size(); ++i) {
        if (answers[i].wait_until(until) != std::future_status::ready) continue;
        moves[i].parked = true;
        try {
            moves[i].durable = answers[i].get();
        } catch (const std::future_error&) {  // the room ended by itself
            moves[i].parked = false;
        }
    }
}

// All at once: no room stands still for another's node. Whose room was taken is sent there at once.
void FleetDesk::ask_to_adopt(std::vector<Move>& moves) {
    std::vector<std::future<void>> asked;
    const std::int64_t patience_ms = adopt_patience_ms + adopt_each_ms * static_cast<std::int64_t>(moves.size());  // they are taken up one by one
    for (Move& each : moves) {
        if (!each.durable) continue;
        const std::string& id = each.record->id;
        const std::uint64_t revision = node_.ask([&](Directory& directory, std::int64_t) {
            const Directory::Room* room = directory.room(id);
            return room == nullptr ? std::uint64_t{0} : room->revision;
        });
        each.durable = revision != 0;  // the directory does not know it yet: it is unparked
        if (!each.durable) continue;
        asked.push_back(std::async(std::launch::async, [this, &each, revision, patience_ms] {
            each.answer = store_.nats().ask(subject(each.to, "adopt"), each.record->id + "\n" + std::to_string(revision), patience_ms, each.nobody);
            if (!each.answer || !each.answer->empty()) return;
            const std::string url = node_.ask([&](Directory& directory, std::int64_t) {
                const Directory::Node* to = directory.node(each.to);
                return to == nullptr ? std::string() : to->entry.url;
            });
            each.went = !url.empty();
            if (each.went) let_go(each.record, CloseCode::moved, url);
        }));
    }
    for (std::future<void>& each : asked) each.get();
}

// The other node has claimed it, and its players are sent there. Where that failed this node claims it again, in a new term, so that the other
// one cannot any more.
bool FleetDesk::finish(const Move& move) {
    const std::string& id = move.record->id;
    if (move.went || (!move.parked && lobby_.find(id) != move.record)) return true;
    const std::optional<std::string>& answer = move.answer;
    log::warn("a room could not be handed over, and stays for now",
              {{"room_id", id}, {"to", move.to}, {"why", !move.durable ? "its checkpoint is not stored" : move.nobody ? "nobody answers there" : !answer ? "no answer in time" : !answer->empty() ? std::string_view(*answer) : "its URL is not known"}});
    if (move.durable) {
        let_go(move.record, CloseCode::going_away, "the room comes back");
        take_back(id);
    } else {
        workers_[move.record->worker]->post(
            std::make_unique<OnPlace>(move.record, [](Worker& worker, Worker::Place& place, std::int64_t) { worker.unpark(place, "the room goes on here"); }));
    }
    return false;
}

// Only as this node's own: the other one may have taken it up after all, when its answer was too late.
void FleetDesk::take_back(const std::string& room_id) {
    const auto until = std::chrono::steady_clock::now() + milliseconds(adopt_patience_ms);
    while (lobby_.find(room_id) && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(1));
    std::optional<std::string> failed;
    std::size_t count = 0;
    for (int tries = 0; tries < 3 && count == 0 && !lobby_.find(room_id); ++tries) {
        if (tries != 0) std::this_thread::sleep_for(milliseconds(200));
        const std::uint64_t revision = own_revision(room_id);
        if (revision == 0) return;  // another node's
        failed = rooms_.take({{.id = room_id, .revision = revision}}, count);
    }
    if (count != 0 || lobby_.find(room_id)) return;
    owed_.insert(room_id);
    log::error("a room that could not be handed over is not taken back yet, and is tried again", {{"room_id", room_id}, {"why", failed ? std::string_view(*failed) : "it cannot be read now"}});
}

// Of the entry by which a room is this node's; 0: it is not.
std::uint64_t FleetDesk::own_revision(const std::string& room_id) {
    if (node_.find(room_id).where != Directory::Where::here) return 0;
    return node_.ask([&](Directory& directory, std::int64_t) {
        const Directory::Room* room = directory.room(room_id);
        return room == nullptr ? std::uint64_t{0} : room->revision;
    });
}

}  // namespace tickrelay
