#include "relay/door/metadata.h"

#include <gtest/gtest.h>

namespace tickrelay {
namespace {

bool matches(std::string_view metadata, std::string_view wanted) { return MetadataFilter(wanted).matches(*read_metadata(metadata)); }

TEST(Metadata, has_what_is_wanted_with_equal_values) {
    EXPECT_TRUE(matches(R"({"map":"dust","mode":1})", R"({"mode":1})"));
    EXPECT_TRUE(matches(R"({"map":"dust"})", "{}"));
    EXPECT_TRUE(matches(R"({"rules":{"a":[1,2]}})", R"({"rules":{"a":[1,2]}})"));
    EXPECT_FALSE(matches(R"({"map":"dust"})", R"({"map":"snow"})"));
    EXPECT_FALSE(matches(R"({"inner":{"map":"dust"}})", R"({"map":"dust"})")) << "a member of its own only";
}

TEST(Metadata, what_is_no_object_matches_nothing) {
    for (const std::string_view text : {"", "[]", "7", "{", R"({"map":)"}) {
        EXPECT_FALSE(matches(text, R"({"map":"dust"})")) << text;
        EXPECT_FALSE(matches(R"({"map":"dust"})", text)) << text;
    }
}

}  // namespace
}  // namespace tickrelay
