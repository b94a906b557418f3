// One question for the rooms that may be joined, on a connection of its own. Owned by a Client.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "compose.h"
#include "relay_link.h"
#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

class RoomQuery final : public LinkListener {
 public:
  RoomQuery(RoomFilter filter, std::function<void(const RoomList&)> call, std::int64_t deadline_us)
      : filter_(std::move(filter)), call_(std::move(call)), deadline_us_(deadline_us) {}

  void dialled(std::unique_ptr<Link> link);
  [[nodiscard]] bool has_link() const { return link_ != nullptr; }
  [[nodiscard]] bool done() const { return done_; }
  void step(std::int64_t now_us);
  void fail(const std::string& error);
  void opened(std::int64_t now_us) override;
  void received(Bytes message, std::int64_t now_us) override;
  void closed(std::uint16_t code, const std::string& reason, std::int64_t now_us) override;

 private:
  void finish(const RoomList& list);

  RoomFilter filter_;
  std::function<void(const RoomList&)> call_;
  std::int64_t deadline_us_;
  std::unique_ptr<Link> link_;
  Composer composer_;
  bool done_ = false;
};

}  // namespace sdk
}  // namespace tickrelay
