#include "relay/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "relay/core/utf8.h"

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

TEST(Log, NodeStandsOnEachJsonLine) {
    const auto object = nlohmann::json::parse(render(Format::json, Level::info, 0, "m", {{"room_id", "r"}, {"trace_id", ""}}, "relay-1"));
    EXPECT_EQ(object.at("node"), "relay-1");
    EXPECT_EQ(object.at("room_id"), "r");
    EXPECT_FALSE(object.contains("trace_id")) << "where there is none";
}

// A player's name is what a stranger says: no byte of it may end the line, the string, or reach a terminal as a command.
TEST(Log, HostileBytesStayInTheirString) {
    std::string every;
    for (int byte = 255; byte >= 0; --byte) every += static_cast<char>(byte);
    const std::string mean[] = {"\",\"severity\":\"OFF", "a\xc3", "\xff\xfe", "\xe2\x82", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\x1b[2J", "\xc2\x9b" "2J", every};
    for (const std::string& name : mean) {
        for (const Format format : {Format::json, Format::text}) {
            const std::string line = render(format, Level::info, 0, "m", {{"player_id", name}}, name);
            for (std::size_t i = 0; i < line.size(); ++i) {
                const auto byte = static_cast<unsigned char>(line[i]);
                EXPECT_TRUE(byte >= 0x20 && byte != 0x7f) << i;
                EXPECT_FALSE(byte == 0xc2 && static_cast<unsigned char>(line[i + 1]) < 0xa0) << i;
            }
            EXPECT_TRUE(is_utf8(line));
        }
        const auto object = nlohmann::json::parse(render(Format::json, Level::info, 0, "m", {{"player_id", name}}, name));
        EXPECT_EQ(object.at("severity"), "INFO");
        EXPECT_EQ(object.size(), 5U);
    }
    const auto kept = nlohmann::json::parse(render(Format::json, Level::info, 0, "m", {{"player_id", "J\xc3\xb3n \xf0\x9f\x8e\xb2\xff"}}));
    EXPECT_EQ(kept.at("player_id"), "J\xc3\xb3n \xf0\x9f\x8e\xb2\xef\xbf\xbd");
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
