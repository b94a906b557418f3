#include "tickrelay/room.h"

#include "now.h"
#include "session.h"

namespace tickrelay {
inline namespace sdk {

Room::Room(std::shared_ptr<Session> session) : session_(std::move(session)) {}
Room::~Room() = default;

Room::Phase Room::phase() const { return session_->phase(); }
const std::string& Room::room_id() const { return session_->seat().room_id; }
const std::string& Room::type() const { return session_->seat().type; }
PlayerNumber Room::player() const { return session_->seat().player; }
const std::string& Room::player_id() const { return session_->seat().player_id; }
Role Room::role() const { return session_->seat().role; }
EntityId Room::entity() const { return session_->seat().entity; }

std::string Room::reconnection_token() const {
  const Seat& seat = session_->seat();
  return seat.session.empty() ? std::string() : seat.room_id + ":" + seat.session;
}

const State& Room::state() const { return session_->state(); }
std::vector<Player> Room::players() const { return session_->roster().players(); }
const RoomClock& Room::clock() const { return session_->room_clock(); }
double Room::latency() const { return static_cast<double>(session_->server_clock().round_trip_us()) / 1e6; }
double Room::state_age() const { return session_->state_age_s(now_us()); }
const Stats& Room::stats() const { return session_->stats(); }

void Room::on_join(std::function<void()> call) { session_->listeners().join.add(std::move(call)); }
void Room::on_state_change(std::function<void(const State&)> call) {
  session_->listeners().state_change.add(std::move(call));
}
void Room::on_drop(std::function<void(std::uint16_t, const std::string&)> call) {
  session_->listeners().drop.add(std::move(call));
}
void Room::on_reconnect(std::function<void(const Reconnected&)> call) {
  session_->listeners().reconnect.add(std::move(call));
}
void Room::on_leave(std::function<void(std::uint16_t, const std::string&)> call) {
  session_->listeners().leave.add(std::move(call));
}
void Room::on_error(std::function<void(const Error&)> call) { session_->listeners().error.add(std::move(call)); }
void Room::on_player_join(std::function<void(const Player&)> call) {
  session_->listeners().player_join.add(std::move(call));
}
void Room::on_player_leave(std::function<void(const Player&, const std::string&)> call) {
  session_->listeners().player_leave.add(std::move(call));
}
void Room::on_input(std::function<void(const Message&, std::uint32_t)> call) {
  session_->listeners().input.add(std::move(call));
}

void Room::on_message(std::string type, std::function<void(const Message&)> call) {
  session_->listeners().messages[std::move(type)].add(std::move(call));
}

void Room::on_request(std::string type, std::function<std::vector<std::uint8_t>(const Message&)> call) {
  session_->listeners().requests[std::move(type)] = std::move(call);
}

void Room::listen(Change::Kind kind, const TypeKey& type, std::function<void(const Change&)> call) {
  session_->listeners().changes.add(kind, std::string(type.name), type.bytes, std::move(call), session_->mirror());
}

void Room::on_add(std::string component, std::function<void(const Change&)> call) {
  session_->listeners().changes.add(Change::Kind::added, std::move(component), ChangeListeners::any, std::move(call),
                                    session_->mirror());
}

void Room::on_change(std::string component, std::function<void(const Change&)> call) {
  session_->listeners().changes.add(Change::Kind::changed, std::move(component), ChangeListeners::any, std::move(call),
                                    session_->mirror());
}

void Room::on_remove(std::string component, std::function<void(const Change&)> call) {
  session_->listeners().changes.add(Change::Kind::removed, std::move(component), ChangeListeners::any, std::move(call),
                                    session_->mirror());
}

std::uint32_t Room::send(std::string_view type, Bytes data, const To& to) { return session_->send(type, data, to); }

std::uint32_t Room::request(std::string_view type, Bytes data, double timeout_s,
                            std::function<void(const Answer&)> call, const To& to) {
  return session_->request(type, data, now_us() + static_cast<std::int64_t>(timeout_s * 1e6), std::move(call), to);
}

std::uint32_t Room::answer(PlayerNumber player, std::uint32_t request, Bytes data) {
  return session_->answer(player, request, data);
}
EntityId Room::spawn(std::string_view component, Bytes value, bool keep, SeenBy seen_by) {
  return session_->spawn(component, value, keep, seen_by);
}

std::uint32_t Room::set(EntityId entity, std::string_view component, Bytes value, std::uint64_t mask) {
  return session_->set(entity, component, value, mask);
}

std::uint32_t Room::despawn(EntityId entity) { return session_->despawn(entity); }
std::uint32_t Room::claim(EntityId entity) { return session_->claim(entity); }
std::uint32_t Room::input(Bytes data) { return session_->input(data); }
void Room::set_budget(std::uint32_t bytes_per_s) { session_->set_budget(bytes_per_s); }
void Room::leave() { session_->leave(); }

void Room::interpolate(std::string_view component) { session_->interpolate(component); }
Bytes Room::interpolated(EntityId entity, std::string_view component) const {
  return session_->drawn(session_->index_of(component), entity, now_us());
}
Bytes Room::drawn(const TypeKey& type, EntityId entity) const {
  return session_->drawn(session_->mirror().resolve(type), entity, now_us());
}
void Room::predict(EntityId entity, const TypeKey& type, std::function<void(std::uint8_t*, Bytes)> step,
                   const PredictOptions& options) {
  session_->predict(type.name, type.bytes, entity, std::move(step), options);
}
void Room::predict(EntityId entity, std::string_view component, std::function<void(std::uint8_t*, Bytes)> step,
                   const PredictOptions& options) {
  session_->predict(component, 1, entity, std::move(step), options);
}
void Room::stop_predicting(EntityId entity, std::string_view component) { session_->predict(component, 0, entity, {}, {}); }
Bytes Room::predicted(EntityId entity, std::string_view component) const { return session_->predicted(component, entity); }
void Room::on_send_tick(std::function<void()> call) { session_->listeners().send_tick.add(std::move(call)); }
double Room::next_send_tick_s() const { return static_cast<double>(session_->next_send_us(now_us())) / 1e6; }

double RoomClock::now() const { return static_cast<double>(now_us()) / 1e6; }
std::uint32_t RoomClock::tick_rate() const { return session_->seat().tick_rate; }

double RoomClock::server_now() const {
  return static_cast<double>(session_->server_clock().relay_us(now_us()) - session_->seat().tick_zero_us) / 1e6;
}

double RoomClock::delay() const { return static_cast<double>(session_->server_clock().delay_us(now_us())) / 1e6; }

double RoomClock::render_now() const {
  return static_cast<double>(session_->server_clock().render_us(now_us()) - session_->seat().tick_zero_us) / 1e6;
}

}  // namespace sdk
}  // namespace tickrelay
