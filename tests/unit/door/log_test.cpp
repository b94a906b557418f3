#include "relay/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tickrelay::log {
namespace {

TEST(Log, AJsonLineIsOneObject) {
    const std::string line =
        render(Format::json, Level::warn, 1'700'000'000'123, "a \"b\"\n\\",
               {{"room_id", std::string("x\ty")}, {"port", 8350}, {"share", 0.5}, {"dev", true}, {"bytes", 7U}});
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto object = nlohmann::json::parse(line);
    EXPECT_EQ(object.at("time"), "2023-11-14T22:13:20.123Z");
    EXPECT_EQ(object.at("severity"), "WARNING");
    EXPECT_EQ(object.at("message"), "a \"b\"\n\\");
    EXPECT_EQ(object.at("room_id"), "x\ty");
    EXPECT_EQ(object.at("port"), 8350);
    EXPECT_EQ(object.at("share"), 0.5);
    EXPECT_EQ(object.at("dev"), true);
}

TEST(Log, ATextLineStaysOneLine) {
    EXPECT_EQ(render(Format::text, Level::info, 0, "two\nlines", {{"a", "b c"}, {"none", ""}, {"d", "e"}}),
              "1970-01-01T00:00:00.000Z INFO    two lines a=\"b c\" d=e");
}

TEST(Log, LevelsHaveNames) {
    for (const auto level : {Level::debug, Level::info, Level::warn, Level::error, Level::off}) {
        EXPECT_EQ(parse_level(name_of(level)), level);
    }
    EXPECT_FALSE(parse_level("loud"));
}

TEST(Log, TheLevelChangesAtRunTime) {
    set_level(Level::error);
    EXPECT_FALSE(enabled(Level::warn));
    testing::internal::CaptureStderr();
    info("not shown");
    error("shown", {{"n", 1}});
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_EQ(text.find("not shown"), std::string::npos);
    EXPECT_NE(text.find("shown n=1"), std::string::npos);
    set_level(Level::info);
}

}  // namespace
}  // namespace tickrelay::log
