// A room's call-backs. Owned by a Session, which calls them inside Client::poll only. Any of them may register further
// ones.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mirror.h"
#include "tickrelay/room.h"
#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

template <class... Arguments>
class Calls {
 public:
  void add(std::function<void(Arguments...)> call) {
    if (call) calls_.push_back(std::make_shared<std::function<void(Arguments...)>>(std::move(call)));
  }
  [[nodiscard]] bool empty() const { return calls_.empty(); }
  void operator()(Arguments... arguments) const {
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      const auto call = calls_[i];  // the list may grow, and move, meanwhile
      (*call)(arguments...);
    }
  }

 private:
  std::vector<std::shared_ptr<std::function<void(Arguments...)>>> calls_;
};

// Who hears of values that come, change and go.
class ChangeListeners {
 public:
  using Call = std::function<void(const Change&)>;
  // bytes: size of the program's struct, 0 for a table; any: not checked. name "*": every component.
  static constexpr std::size_t any = SIZE_MAX;
  void add(Change::Kind kind, std::string name, std::size_t bytes, Call call, Mirror& mirror);
  // A layout has come. Empty, or which component does not fit this program.
  std::string attach(Mirror& mirror);
  // Whoever came to listen late hears of what is there already; then everybody of the changes.
  void deliver(const Mirror& mirror, const std::vector<MirrorChange>& changes);

 private:
  static constexpr int every = -2;
  static constexpr int nowhere = -1;
  struct Listener {
    Change::Kind kind;
    std::string name;
    std::size_t bytes;
    Call call;
    int component = nowhere;
    bool late = false;  // has yet to hear of what was there when it came
  };
  static std::string attach(Listener& listener, Mirror& mirror);
  static void call(const Listener& listener, const Mirror& mirror, Change change, ComponentIndex component);
  void catch_up(const Mirror& mirror);

  std::vector<std::shared_ptr<Listener>> listeners_;
};

struct Listeners {
  Calls<> join;
  Calls<const State&> state_change;
  Calls<> send_tick;
  Calls<std::uint16_t, const std::string&> drop;
  Calls<const Reconnected&> reconnect;
  Calls<std::uint16_t, const std::string&> leave;
  Calls<const Error&> error;
  Calls<const Player&> player_join;
  Calls<const Player&, const std::string&> player_leave;
  Calls<const Message&, std::uint32_t> input;
  std::map<std::string, Calls<const Message&>, std::less<>> messages;
  std::map<std::string, std::function<std::vector<std::uint8_t>(const Message&)>, std::less<>> requests;
  ChangeListeners changes;
};

}  // namespace sdk
}  // namespace tickrelay
