#pragma once
// `tickrelay-fleet watch`: its flags, and what it does when it was chosen.

#include "bench/command_line/command_line.h"

namespace tickrelay::bench {

void add_watch(CommandLine& app);

}  // namespace tickrelay::bench
