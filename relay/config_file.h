// The TOML file. Only config_file.cpp knows the library behind it.
#pragma once

#include <string>

#include "relay/config.h"

namespace tickrelay {

// Reads `path` over what `config` and `types` hold; `set` collects the paths of keys that the file gave.
void read_config_file(const std::string& path, Options& options, RoomTypes& types, std::vector<const ConfigKey*>& set,
                      ConfigErrors& errors);

}  // namespace tickrelay
