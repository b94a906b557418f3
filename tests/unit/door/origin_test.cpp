#include "relay/door/origin.h"

#include <gtest/gtest.h>

namespace tickrelay {
namespace {

TEST(Origins, SayWhichPagesMayCome) {
    const Origins origins({"https://game.example", "https://*.Games.example:8443", "localhost:5173", "*.dev.example", "null"});
    for (const char* good : {"https://game.example", "HTTPS://GAME.example", "https://eu.games.example:8443", "https://a.b.games.example:8443",
                             "http://localhost:5173", "https://x.dev.example", "http://x.dev.example:9", "null", ""})
        EXPECT_TRUE(origins.allow(good)) << good;
    for (const char* bad : {"http://game.example", "https://game.example:444", "https://game.example.evil.example", "https://evilgame.example",
                            "https://games.example:8443", "https://eu.games.example", "https://evilgames.example:8443", "http://localhost",
                            "http://localhost:5174", "https://dev.example", "https://evil.example/.dev.example"})
        EXPECT_FALSE(origins.allow(bad)) << bad;
}

TEST(Origins, WithoutAListAllPagesMayComeAndProgramsUnlessTheyMustNameOne) {
    EXPECT_TRUE(Origins().allow("https://anything.example"));
    EXPECT_TRUE(Origins().allow(""));
    EXPECT_FALSE(Origins({}, true).allow(""));
    EXPECT_TRUE(Origins({}, true).allow("https://anything.example"));
}

TEST(Origins, PatternsAreHeldAgainstTypingErrors) {
    for (const char* good : {"https://game.example", "https://*.game.example", "game.example", "*.game.example:8443", "localhost:5173", "null", "http://[::1]:80"})
        EXPECT_TRUE(is_origin_pattern(good)) << good;
    for (const char* bad : {"", "*", "https://", "https://*", "https://game.example/", "https://game.example/path", "://game.example", "game.example:",
                            "game.example:http", "https://ga me.example", "https://g*.example", "*.", "https://.example"})
        EXPECT_FALSE(is_origin_pattern(bad)) << bad;
}

}  // namespace
}  // namespace tickrelay
