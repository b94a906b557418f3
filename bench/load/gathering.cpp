#include "bench/load/gathering.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace tickrelay::bench {

Gathering::Gathering(Crowd& crowd, GatheringOptions options) : crowd_(crowd), options_(std::move(options)) {
  room_ids_ = options_.room_ids;
  room_ids_.resize(options_.rooms);
  for (std::uint32_t room = 0; room < options_.rooms; ++room) waiting_.push_back(room * options_.players);
}

void Gathering::advance() {
  while (failure_.empty() && under_way_ < under_way_max && !waiting_.empty()) {
    const std::uint32_t number = waiting_.front();
    waiting_.pop_front();
    const std::string& room_id = room_ids_[number / options_.players];
    JoinWish wish{.player_id = options_.player_prefix + "-" + std::to_string(number)};
    wish.mode = room_id.empty() ? wire::JoinMode::Create : wire::JoinMode::ById;
    (room_id.empty() ? wish.type : wish.room_id) = room_id.empty() ? options_.type : room_id;
    ++under_way_;
    if (!crowd_.join(crowd_[number], std::move(wish))) failure_ = std::strerror(errno);
  }
}

void Gathering::on_seated(Client& client) {
  --under_way_, ++seated_;
  const std::uint32_t number = client.traits().number;
  if (number % options_.players != 0) return;
  room_ids_[number / options_.players] = client.seat().room_id;
  invite_others(number / options_.players);
}

void Gathering::invite_others(std::uint32_t room) {
  for (std::uint32_t player = 1; player < options_.players; ++player) {
    waiting_.push_back(room * options_.players + player);
  }
}

void Gathering::on_closed(const Client& client, int code, const std::string& reason) {
  if (!failure_.empty()) return;
  failure_ = "client " + std::to_string(client.traits().number) + " was closed with " + std::to_string(code) +
             (reason.empty() ? "" : " (" + reason + ")");
}

}  // namespace tickrelay::bench
