#include "relay/door/web.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "relay/door/web_files.h"

namespace tickrelay {

namespace {

bool has_sdk() {
    for (const WebFile& file : web_files())
        if (file.path == "/sdk/tickrelay.js") return true;
    return false;
}

TEST(Web, EveryFileIsServedWithItsTypeToItsOwnPort) {
    ASSERT_FALSE(web_files().empty());
    for (const WebFile& file : web_files()) {
        const bool demo = file.path.starts_with("/demo/"), dashboard = file.path.starts_with("/dashboard/");
        EXPECT_EQ(find_page(Pages::demo, file.path).has_value(), !dashboard) << file.path;
        EXPECT_EQ(find_page(Pages::dashboard, file.path).has_value(), !demo) << file.path;
        const auto page = find_page(demo ? Pages::demo : Pages::dashboard, file.path);
        ASSERT_TRUE(page) << file.path;
        EXPECT_EQ(page->body, file.body);
        EXPECT_NE(page->content_type, "application/octet-stream") << file.path;
        EXPECT_TRUE(page->content_security_policy.starts_with("default-src 'self'"));
    }
}

TEST(Web, WhatIsNoFileIsNotFound) {
    for (const auto* path : {"", "/", "/demo/../dashboard/main.js", "/demo/..", "/demo/main.js/", "/demo//main.js", "/demos",
                             "/etc/passwd", "/shared/", "/sdk/../demo/main.js", "/demo/%2e%2e/main.js"}) {
        EXPECT_FALSE(find_page(Pages::demo, path)) << path;
    }
}

TEST(Web, TheDemoSaysSoWhereTheSdkIsLeftOut) {
    const auto page = find_page(Pages::demo, "/demo");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
    EXPECT_EQ(page->body.find("npm ci") == std::string::npos, has_sdk());
    EXPECT_EQ(find_page(Pages::demo, "/demo/")->body, page->body);
}

// Whether what stands before this "//" makes it an address that a page loads from: src="https:
bool loads(std::string_view before) {
    for (const std::string_view scheme : {"http:", "https:"})
        if (before.ends_with(scheme)) before.remove_suffix(scheme.size());
    if (before.empty() || std::string_view("\"'(").find(before.back()) == std::string_view::npos) return false;
    before.remove_suffix(1);
    const auto end = before.find_last_not_of(" \t=(");
    before = before.substr(0, end == std::string_view::npos ? 0 : end + 1);
    constexpr std::array<std::string_view, 5> words = {"src", "href", "from", "import", "url"};
    return std::ranges::any_of(words, [&](std::string_view word) { return before.ends_with(word); });
}

// The policy refuses it anyway: a page that needs more than the relay does not work.
TEST(Web, NoPageNamesAnythingElsewhere) {
    EXPECT_TRUE(loads("<script src=\"https:") && loads("<a href = '") && loads("import(\"http:") && loads("url("));
    EXPECT_FALSE(loads("const space = \"http:") || loads("a = b;  "));
    for (const WebFile& file : web_files()) {
        if (file.path == "/sdk/tickrelay.js") continue;
        for (auto at = file.body.find("//"); at != std::string_view::npos; at = file.body.find("//", at + 1))
            EXPECT_FALSE(loads(file.body.substr(0, at))) << file.path << " at " << at;
    }
}

}  // namespace

}  // namespace tickrelay
