// Requests that wait for their answer, by the number of the message that asked. Owned by a Session.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

class Requests {
 public:
  using Call = std::function<void(const Answer&)>;

  void add(std::uint32_t seq, std::int64_t deadline_us, Call call) { open_[seq] = {deadline_us, std::move(call)}; }

  // False: no such request is open.
  bool end(std::uint32_t seq, const Answer& answer) {
    const auto found = open_.find(seq);
    if (found == open_.end()) return false;
    const Call call = std::move(found->second.second);
    open_.erase(found);
    if (call) call(answer);
    return true;
  }

  // Ends those whose time is over; all of them where `reason` is not "timeout".
  void end_due(std::int64_t now_us, std::string_view reason = "timeout") {
    std::vector<std::uint32_t> due;
    for (const auto& [seq, waiting] : open_) {
      if (reason != "timeout" || waiting.first <= now_us) due.push_back(seq);
    }
    for (const std::uint32_t seq : due) end(seq, {false, reason, {}});
  }

 private:
  std::map<std::uint32_t, std::pair<std::int64_t, Call>> open_;
};

}  // namespace sdk
}  // namespace tickrelay
