// Which web pages may connect: the list `allowed_origins`. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tickrelay {

// "https://game.example", "https://game.example:8443", "https://*.game.example" (any name below it, not itself), either without
// "https://" for every scheme and port, or "null", what pages of a file have.
bool is_origin_pattern(std::string_view text);

class Origins {
  public:
    // No pattern: every page. A program sends no Origin, and may come unless `required`.
    explicit Origins(std::vector<std::string> patterns = {}, bool required = false);

    // `origin`: the header as it came; empty where there is none.
    [[nodiscard]] bool allow(std::string_view origin) const;

  private:
    std::vector<std::string> patterns_;  // lower case
    bool required_;
};

}  // namespace tickrelay
