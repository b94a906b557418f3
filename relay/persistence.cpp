#include "relay/persistence.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <future>

#include "relay/door/base64.h"
#include "relay/door/random.h"
#include "relay/event_journal.h"
#include "relay/log.h"

namespace tickrelay {

namespace {

constexpr std::uint64_t steps_a_renewal = 5;
// Figures of workers are at most a second old, and a worker may be late.
constexpr double figures_late_s = 2;
constexpr std::int64_t sends_patience_ms = 3'000;
constexpr std::int64_t rest_patience_ms = 2'000;
constexpr std::int64_t disk_patience_ms = 5'000;
constexpr std::size_t secret_bytes = 36;

}  // namespace

// All rooms of a worker.
class Persistence::HandOver final : public Errand {
  public:
    explicit HandOver(bool now) : now_(now) {}
    void run(Worker& worker, std::int64_t) override {
        for (const auto& place : worker.places()) {
            if (!place->room || place->is_mirror()) continue;
            if (now_)
                worker.hand_over_now(*place, CloseCode::restarting, "the relay restarts");
            else
                worker.hand_over(*place, CloseCode::restarting, "the relay restarts");
        }
    }

  private:
    bool now_;
};

Persistence::Persistence(const Options& options, EventRing& events, Stats& stats, Lobby& lobby, std::span<WorkerPort* const> workers,
                         RoomReturn::FindLogic logics)
    : options_(options), events_(events), stats_(stats), lobby_(lobby), workers_(workers), logics_(std::move(logics)) {}

std::optional<std::string> Persistence::open_fleet(const std::string& node, std::unique_ptr<Store> journal) {
    auto made = std::make_unique<NatsStore>(NatsStoreSettings{.nats = {.servers = options_.nats,
                                                                       .name = "tickrelay " + node,
                                                                       .credentials = options_.fleet_credentials,
                                                                       .ca_file = options_.fleet_ca,
                                                                       .cert_file = options_.fleet_cert,
                                                                       .replicas = options_.fleet_replicas},
                                                              .node = {.name = node,
                                                                       .prefix = options_.fleet_name,
                                                                       .lease_ns = static_cast<std::int64_t>(options_.fleet_lease_s * 1e9)},
                                                              .event_text = [node](const StoredEvent& event) { return event_text(event, node); }},
                                            std::move(journal), stats_.shard());
    std::vector<std::byte> secret(secret_bytes);
    fill_random(secret);
    if (auto error = made->open(encode_base64(secret))) return error;
    fleet_ = made.get();
    store_ = std::move(made);
    lobby_.give_terms([fleet = fleet_](const std::string& id) { return fleet->begin(id); });
    return std::nullopt;
}

std::optional<std::string> Persistence::open(const std::string& node) {
    std::unique_ptr<Store> journal;
    if (!options_.data_dir.empty()) {
        auto opened = open_sqlite_store({.data_dir = options_.data_dir, .journal_events_max = options_.journal_events, .journal_bytes_max = options_.journal_bytes},
                                        stats_.shard());
        if (auto* error = std::get_if<std::string>(&opened)) return std::move(*error);
        journal = std::get<std::unique_ptr<Store>>(std::move(opened));
    }
    if (!options_.nats.empty()) {
        if (auto error = open_fleet(node, std::move(journal))) return error;
    } else if (journal) {
        store_ = std::move(journal);
        lobby_.give_terms([this](const std::string&) { return store_->new_term(); });
    }
    pump_ = std::make_unique<JournalPump>(events_, *store_);
    keeper_ = std::make_unique<RoomKeeper>(*store_);
    return_ = std::make_unique<RoomReturn>(*store_, lobby_, workers_, logics_);
    if (keeps()) pump_->start();
    return std::nullopt;
}

void Persistence::keep_rooms_of(Worker& worker) {
    if (keeps()) worker.keep_with(*keeper_, static_cast<std::int64_t>(options_.checkpoint_interval_s * 1e9));
}

void Persistence::step() {
    if (!keeps()) return;
    pump_->step();
    if (steps_++ % steps_a_renewal != 0) return;
    const double age_s = stats_.totals().checkpoint_age_s + figures_late_s;
    store_->renew(unix_ms() - static_cast<std::int64_t>(age_s * 1e3), {});
}

void Persistence::wait_until_empty(std::int64_t patience_ms) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
    while (lobby_.size() != 0 && std::chrono::steady_clock::now() < until) usleep(2'000);
}

// Right after its next frames a room is where its players are. One that sends seldom is not waited for.
void Persistence::hand_over() {
    if (!keeps() || lobby_.size() == 0) return;
    const std::size_t rooms = lobby_.size();
    for (WorkerPort* port : workers_) port->post(std::make_unique<HandOver>(false));
    wait_until_empty(sends_patience_ms);
    if (lobby_.size() != 0) {
        for (WorkerPort* port : workers_) port->post(std::make_unique<HandOver>(true));
        wait_until_empty(rest_patience_ms);
    }
    const bool durable = flush(disk_patience_ms);
    if (durable && lobby_.size() == 0)
        log::info("rooms are handed over to the next start", {{"rooms", rooms}});
    else
        log::error("not all rooms could be handed over: the next start takes up older checkpoints of them",
                   {{"rooms", rooms}, {"left", lobby_.size()}, {"remedy", "see what the store said"}});
}

bool Persistence::flush(std::int64_t patience_ms) {
    const auto promise = std::make_shared<std::promise<Stored>>();
    auto answer = promise->get_future();
    store_->flush([promise](Stored what) { promise->set_value(what); });
    return answer.wait_for(std::chrono::milliseconds(patience_ms)) == std::future_status::ready && answer.get() == Stored::durable;
}

void Persistence::close() {
    if (!keeps()) return;
    pump_->wait_for(events_.last(), std::chrono::steady_clock::now() + std::chrono::milliseconds(rest_patience_ms));
    events_.set_archive(nullptr);
    store_->stop();
}

}  // namespace tickrelay
