#include "relay/demo_pages.h"

#include <gtest/gtest.h>

namespace tickrelay {

namespace {

HttpResponse urls(Address listening) {
    return demo_pages([listening] { return listening; })({.path = "/demo/urls.json", .query = ""});
}

TEST(DemoPages, APhoneIsToldWhereToComeUnlessOnlyThisMachineCan) {
    EXPECT_EQ(urls({"192.0.2.7", 8350}).body, "{\"urls\": [\"http://192.0.2.7:8350/demo\"]}\n");
    EXPECT_EQ(urls({"2001:db8::7", 8350}).body, "{\"urls\": [\"http://[2001:db8::7]:8350/demo\"]}\n");
    EXPECT_EQ(urls({"127.0.0.1", 8350}).body, "{\"urls\": []}\n");
    EXPECT_EQ(urls({"::1", 8350}).body, "{\"urls\": []}\n");
    const HttpResponse all = urls({"0.0.0.0", 8350});  // what the machine has, never the loopback
    EXPECT_EQ(all.content_type, "application/json");
    EXPECT_EQ(all.body.find("//127."), std::string::npos);
    EXPECT_EQ(all.body.find("//0.0.0.0"), std::string::npos);
}

TEST(DemoPages, ThePageIsAtTheRootToo) {
    const auto pages = demo_pages([] { return Address{"127.0.0.1", 1}; });
    const HttpResponse page = pages({.path = "/demo", .query = ""});
    EXPECT_EQ(page.status, 200);
    EXPECT_TRUE(page.content_security_policy.starts_with("default-src 'self'"));
    EXPECT_EQ(pages({.path = "/", .query = ""}).body, page.body);
    EXPECT_EQ(pages({.path = "/dashboard", .query = ""}).status, 404);
    EXPECT_EQ(pages({.path = "/demo/../demo", .query = ""}).status, 404);
}

}  // namespace

}  // namespace tickrelay
