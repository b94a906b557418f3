#include "room_query.h"

#include <utility>

namespace tickrelay {
inline namespace sdk {
namespace {

std::string string_of(const flatbuffers::String* from) { return from ? from->str() : std::string(); }

}  // namespace

void RoomQuery::dialled(std::unique_ptr<Link> link) {
  link_ = std::move(link);
  if (!link_) fail("the connection could not be set up");
}

void RoomQuery::finish(const RoomList& list) {
  link_.reset();
  if (!std::exchange(done_, true) && call_) call_(list);
}

void RoomQuery::fail(const std::string& error) { finish({false, error, {}}); }

void RoomQuery::step(std::int64_t now_us) {
  if (now_us >= deadline_us_) fail("timeout");
}

void RoomQuery::opened(std::int64_t) { link_->write(composer_.list_rooms(filter_, 1)); }

void RoomQuery::received(Bytes message, std::int64_t) {
  flatbuffers::Verifier verifier(message.data(), message.size());
  if (message.size() < 8 || !wire::VerifyMessageBuffer(verifier))
    return fail("the relay sent bytes that are no message of this protocol");
  const wire::RoomList* from = wire::GetMessage(message.data())->body_as_RoomList();
  if (from == nullptr) return;
  RoomList list{true, {}, {}};
  if (from->rooms()) {
    for (const wire::RoomEntry* room : *from->rooms()) {
      list.rooms.push_back({string_of(room->room_id()), string_of(room->type()), room->players(), room->max_players(),
                            room->locked(), string_of(room->metadata())});
    }
  }
  finish(list);
}

void RoomQuery::closed(std::uint16_t code, const std::string& reason, std::int64_t) {
  fail(reason.empty() ? "closed with " + std::to_string(code) : reason);
}

}  // namespace sdk
}  // namespace tickrelay
