// State schemas for tests: text as in a .fbs file becomes the bytes that a relay is given.
#pragma once

#include <flatbuffers/idl.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "relay/core/layout.h"

namespace tickrelay::test {

inline const std::string attributes =
    "attribute \"precision\"; attribute \"min\"; attribute \"max\"; attribute \"angle\"; attribute \"quat\";"
    "attribute \"position\"; attribute \"player\"; attribute \"priority\";\n";

inline std::vector<std::byte> binary_schema(const std::string& text) {
    flatbuffers::IDLOptions options;
    options.binary_schema_comments = true;
    flatbuffers::Parser parser(options);
    EXPECT_TRUE(parser.Parse((attributes + text).c_str())) << parser.error_ << "\nin\n" << text;
    parser.Serialize();
    const auto* bytes = reinterpret_cast<const std::byte*>(parser.builder_.GetBufferPointer());
    return {bytes, bytes + parser.builder_.GetSize()};
}

inline std::variant<LayoutPointer, std::string> parse_text(const std::string& text) {
    return parse_schema(binary_schema(text));
}

// The layout, or a failed test.
inline LayoutPointer layout_of(const std::string& text) {
    auto parsed = parse_text(text);
    if (auto* error = std::get_if<std::string>(&parsed)) {
        ADD_FAILURE() << *error << "\nin\n" << text;
        return std::make_shared<const Layout>(std::vector<Component>());
    }
    return std::get<LayoutPointer>(parsed);
}

// What parse_schema complains of; empty where it does not.
inline std::string error_of(const std::string& text) {
    auto parsed = parse_text(text);
    auto* error = std::get_if<std::string>(&parsed);
    return error == nullptr ? "" : *error;
}

}  // namespace tickrelay::test
