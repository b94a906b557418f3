// The pages that the relay carries: the files of relay/door/web and the SDK's bundle, compiled in. A path is looked up in a
// fixed table, so no path of a request ever meets a file system. Constant: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "relay/door/http.h"

namespace tickrelay {

// Which pages a port serves: its own folder, /shared/ and /sdk/.
enum class Pages : std::uint8_t { demo, dashboard };

// "/demo" and "/dashboard" are their folder's index.html. Pages that need the SDK say so where this build has none.
std::optional<PageAnswer> find_page(Pages pages, std::string_view path);

}  // namespace tickrelay
