// JSON that clients give: options at a join, a room's metadata, and what a listing asks for. Pure.
#pragma once

#include <memory>
#include <string_view>

namespace tickrelay {

[[nodiscard]] bool is_json_object(std::string_view text);

struct ReadMetadata;
[[nodiscard]] std::shared_ptr<const ReadMetadata> read_metadata(std::string_view text);

// Whether each member of `wanted` is in a room's metadata with an equal value. No object matches none.
class MetadataFilter {
  public:
    explicit MetadataFilter(std::string_view wanted) : wanted_(read_metadata(wanted)) {}
    [[nodiscard]] bool matches(const ReadMetadata& metadata) const;

  private:
    std::shared_ptr<const ReadMetadata> wanted_;
};

}  // namespace tickrelay
