// Built with the headers of an earlier tickrelay.
#include <relay/logics.h>

extern "C" const tickrelay::LogicPlugin* tickrelay_logic() {
  static constexpr tickrelay::LogicPlugin plugin{tickrelay::logic_abi_version - 1, "old", nullptr};
  return &plugin;
}
