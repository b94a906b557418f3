#include "tickrelay/client.h"

#include <random>
#include <utility>
#include <vector>

#include "connection.h"
#include "now.h"
#include "room_query.h"
#include "session.h"

namespace tickrelay {
inline namespace sdk {
namespace {

std::uint64_t random_seed() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

}  // namespace

class Client::Parts {
 public:
  Parts(std::string url, ClientOptions options)
      : url_(std::move(url)), options_(std::move(options)), seed_(random_seed()) {}

  ~Parts() {
    for (const auto& seat : seats_) seat.session->shut();
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  std::shared_ptr<Room> join(JoinRequest request) {
    auto session = std::make_shared<Session>(url_, std::move(request), options_, seed_++, now_us());
    auto room = std::make_shared<Room>(session);
    seats_.push_back({std::move(session), room});
    return room;
  }

  void rooms(RoomFilter filter, std::function<void(const RoomList&)> call) {
    const std::int64_t deadline_us = now_us() + static_cast<std::int64_t>(options_.join_timeout_s * 1e6);
    queries_.push_back(std::make_shared<RoomQuery>(std::move(filter), std::move(call), deadline_us));
  }

  void poll() {
    if (polling_) return;  // from within a call-back
    polling_ = true;
    const std::unique_ptr<bool, void (*)(bool*)> ends(&polling_, [](bool* polling) { *polling = false; });
    dial();
    if (plain_) plain_->service();
    if (secure_) secure_->service();
    // By index, and holding what is called: a call-back may join further rooms.
    for (std::size_t i = 0; i < seats_.size(); ++i) {
      const auto session = seats_[i].session;
      session->step(now_us());
    }
    for (std::size_t i = 0; i < queries_.size(); ++i) {
      const auto query = queries_[i];
      query->step(now_us());
    }
    std::erase_if(seats_, [](const Seated& seat) { return seat.session->phase() == Room::Phase::left; });
    std::erase_if(queries_, [](const auto& query) { return query->done(); });
  }

 private:
  struct Seated {
    std::shared_ptr<Session> session;
    std::shared_ptr<Room> room;
  };

  // Made when first needed: a moved room may need the other kind.
  Sockets& sockets(const Url& url) {
    std::unique_ptr<Sockets>& kind = url.tls ? secure_ : plain_;
    if (!kind) kind = std::make_unique<Sockets>(url.tls, options_.ca_file, options_.insecure_tls);
    return *kind;
  }

  void dial() {
    for (std::size_t i = 0; i < seats_.size(); ++i) {
      const auto session = seats_[i].session;
      if (session->wants_link(now_us()))
        session->dialled(sockets(session->url()).connect(session->url(), *session), now_us());
      Shield& shield = session->shield();
      if (shield.wants_link(now_us()))
        shield.dialled(sockets(session->url()).connect(session->url(), shield), now_us());
    }
    for (std::size_t i = 0; i < queries_.size(); ++i) {
      const auto query = queries_[i];
      if (query->has_link() || query->done()) continue;
      std::string error;
      const auto url = parse_url(url_, error);
      if (!url) {
        query->fail(error);
      } else {
        query->dialled(sockets(*url).connect(*url, *query));
      }
    }
  }

  std::string url_;
  ClientOptions options_;
  std::unique_ptr<Sockets> plain_, secure_;  // outlive the Links
  std::uint64_t seed_;
  std::vector<Seated> seats_;
  std::vector<std::shared_ptr<RoomQuery>> queries_;
  bool polling_ = false;
};

Client::Client(std::string url, ClientOptions options)
    : parts_(std::make_unique<Parts>(std::move(url), std::move(options))) {}
Client::~Client() = default;

std::shared_ptr<Room> Client::join_or_create(std::string type, JoinOptions options) {
  return parts_->join({wire::JoinMode::JoinOrCreate, {}, std::move(type), {}, {}, std::move(options)});
}

std::shared_ptr<Room> Client::create(std::string type, JoinOptions options) {
  return parts_->join({wire::JoinMode::Create, {}, std::move(type), {}, {}, std::move(options)});
}

std::shared_ptr<Room> Client::join(std::string type, JoinOptions options) {
  return parts_->join({wire::JoinMode::Join, {}, std::move(type), {}, {}, std::move(options)});
}

std::shared_ptr<Room> Client::join_by_id(std::string room_id, JoinOptions options) {
  return parts_->join({wire::JoinMode::ById, std::move(room_id), {}, {}, {}, std::move(options)});
}

std::shared_ptr<Room> Client::join_with_ticket(std::string ticket, std::string room_id, JoinOptions options) {
  return parts_->join({wire::JoinMode::ById, std::move(room_id), {}, std::move(ticket), {}, std::move(options)});
}

// The session holds no colon; a room id may.
std::shared_ptr<Room> Client::reconnect(const std::string& token) {
  const std::size_t colon = token.rfind(':');
  const std::string room_id = colon == std::string::npos ? std::string() : token.substr(0, colon);
  const std::string session = colon == std::string::npos ? std::string() : token.substr(colon + 1);
  return parts_->join({wire::JoinMode::Resume, room_id, {}, {}, session, {}});
}

void Client::rooms(RoomFilter filter, std::function<void(const RoomList&)> call) {
  parts_->rooms(std::move(filter), std::move(call));
}
void Client::poll() { parts_->poll(); }

}  // namespace sdk
}  // namespace tickrelay
