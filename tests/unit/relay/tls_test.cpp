#include "relay/tls.h"

#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <fstream>

#include "tests/unit/client/certificate.h"

namespace tickrelay::test {
namespace {

TlsSettings settings(const Certificate& certificate) { return {.cert = certificate.certificate(), .key = certificate.key()}; }

std::string why_not(const TlsSettings& settings) { return Tls(settings).load().value_or(""); }

TEST(TlsFiles, AnExpiredCertificateIsRefusedWithItsDate) {
    const Certificate old("localhost", 7'200, -3'600);
    const std::string why = why_not(settings(old));
    EXPECT_NE(why.find("[tls] cert " + old.certificate() + ": it has expired on 2"), std::string::npos) << why;
    const Certificate early("localhost", -3'600, 7'200);
    EXPECT_NE(why_not(settings(early)).find("valid from 2"), std::string::npos) << why_not(settings(early));
    EXPECT_EQ(why_not(settings(Certificate())), "");
}

TEST(TlsFiles, AKeyOfWhichOthersMayReadIsRefused) {
    const Certificate certificate;
    std::filesystem::permissions(certificate.key(), std::filesystem::perms::others_read, std::filesystem::perm_options::add);
    EXPECT_NE(why_not(settings(certificate)).find("chmod 600 " + certificate.key()), std::string::npos);
    std::filesystem::permissions(certificate.key(), std::filesystem::perms{0640});
    EXPECT_EQ(why_not(settings(certificate)), "") << "a group of its own, as Debian's ssl-cert, is fine";
}

TEST(TlsFiles, WhatCannotBeLoadedLeavesWhatWas) {
    Certificate certificate;
    Tls tls(settings(certificate));
    ASSERT_FALSE(tls.load());
    const std::int64_t expires_s = tls.figures().expires_s;
    EXPECT_NEAR(static_cast<double>(expires_s), static_cast<double>(std::time(nullptr) + 3'600), 60);
    certificate.make("expired", 7'200, -3'600);
    EXPECT_TRUE(tls.load());
    EXPECT_EQ(tls.figures().expires_s, expires_s);
    const Certificate other("other");
    TlsSettings mixed = settings(other);
    mixed.key = certificate.key();
    EXPECT_TRUE(tls.load(mixed));
    EXPECT_EQ(tls.settings(), settings(certificate));
    EXPECT_FALSE(tls.load(settings(other)));
    EXPECT_EQ(tls.host_for("10.0.0.1"), "other");
}

TEST(TlsFiles, AChangeCountsWhenItHasSettledAndOnce) {
    Certificate certificate;
    Tls tls(settings(certificate));
    ASSERT_FALSE(tls.load());
    EXPECT_FALSE(tls.changed());
    std::ofstream(certificate.certificate()) << "half";
    EXPECT_FALSE(tls.changed());
    EXPECT_TRUE(tls.changed());
    EXPECT_TRUE(tls.load());
    EXPECT_FALSE(tls.changed()) << "a bad file is complained of once";
    certificate.make("renewed");
    EXPECT_FALSE(tls.changed());
    EXPECT_TRUE(tls.changed());
    EXPECT_FALSE(tls.load());
    EXPECT_FALSE(tls.changed());
}

TEST(TlsFiles, AUrlNamesAHostThatTheCertificateIsFor) {
    const Certificate certificate("play.example");
    Tls tls(settings(certificate));
    ASSERT_FALSE(tls.load());
    EXPECT_EQ(tls.host_for("127.0.0.1"), "127.0.0.1");
    EXPECT_EQ(tls.host_for("play.example"), "play.example");
    EXPECT_EQ(tls.host_for("10.1.2.3"), "play.example");
}

}  // namespace
}  // namespace tickrelay::test
