// Room logics by name: built in, `demo`, those that an embedding program adds, and those loaded from shared objects at the start.
#pragma once

#include <map>
#include <string>

#include "relay/core/logic.h"

namespace tickrelay {

// What a shared object given with --logic exports, as C: one entry, found by the name `tickrelay_logic`.
inline constexpr std::uint32_t logic_abi_version = 4;
struct LogicPlugin {
    std::uint32_t abi_version;  // logic_abi_version of the headers it was built with
    const char* name;           // for room.spawn {logic}; must not be taken
    Logic* (*make)();           // one per room; deleted by the relay
};
using LogicEntry = const LogicPlugin* (*)();

// Once in the shared object, at namespace scope: TICKRELAY_LOGIC("tag", TagLogic)
#define TICKRELAY_LOGIC(logic_name, LogicClass)                                                             \
    extern "C" const ::tickrelay::LogicPlugin* tickrelay_logic() {                                          \
        static constexpr ::tickrelay::LogicPlugin plugin{::tickrelay::logic_abi_version, logic_name,        \
                                                         []() -> ::tickrelay::Logic* { return new LogicClass; }}; \
        return &plugin;                                                                                     \
    }

class Logics {
  public:
    Logics();
    // Linked in: false where the name is taken. Before the relay starts.
    bool add(const std::string& name, LogicFactory make);
    // From a shared object: loads once, never unloads. An error text that names the file, what is wrong and the remedy, or empty.
    std::string load(const std::string& path);
    [[nodiscard]] LogicFactory find(std::string_view name) const;

  private:
    std::map<std::string, LogicFactory, std::less<>> loaded_;
};

std::unique_ptr<Logic> make_demo_logic();

}  // namespace tickrelay
