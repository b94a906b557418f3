#include "relay/exposure.h"

#include <gtest/gtest.h>

namespace tickrelay {
namespace {

Options behind_loopback() {
    Options options;
    options.auth = Auth::tickets;
    options.listen.host = "127.0.0.1";
    return options;
}

bool tells(const std::vector<std::string>& notes, const std::string& words) {
    for (const auto& note : notes)
        if (note.find(words) != std::string::npos) return true;
    return false;
}

TEST(Exposure, TheDefaultsStartAndSayThatPlayersComeInClear) {
    Options options;
    options.auth = Auth::tickets;
    EXPECT_EQ(refuse_exposed(options), "");
    EXPECT_EQ(exposures(options).size(), 1U);
    EXPECT_TRUE(tells(exposures(options), "cert and key under [tls], or public_url = \"wss://"));
    options.auth = Auth::none;
    EXPECT_EQ(refuse_exposed(options), "") << "it was written out";
    EXPECT_TRUE(tells(exposures(options), "anyone who reaches this relay may join"));
    options.dev = true;
    EXPECT_TRUE(exposures(options).empty());
}

TEST(Exposure, TlsAProxyOrLoopbackLeaveNothingToSay) {
    EXPECT_TRUE(exposures(behind_loopback()).empty());
    Options options;
    options.auth = Auth::tickets;
    options.tls_cert = options.tls_key = "x.pem";
    EXPECT_TRUE(exposures(options).empty());
    options.public_url = "ws://play.example/v1";
    EXPECT_TRUE(tells(exposures(options), "write wss://"));
    options.tls_cert = options.tls_key = "";
    options.public_url = "wss://play.example/v1";
    EXPECT_TRUE(exposures(options).empty());
    options.public_url = "";
    options.tls_cert = options.tls_key = "x.pem";
    options.tls_listen = {"0.0.0.0", 8443};
    EXPECT_TRUE(tells(exposures(options), "so that [tls] listen is the only way in"));
}

TEST(Exposure, ActionsInClearOnANetworkAreRefused) {
    Options options = behind_loopback();
    options.ops_listen.host = "0.0.0.0";
    EXPECT_EQ(refuse_exposed(options), "");
    EXPECT_TRUE(tells(exposures(options), "shows every room to the network"));
    options.ops_actions = OpsActions::always;
    EXPECT_NE(refuse_exposed(options).find("actions = \"loopback\""), std::string::npos);
    options.ops_tls = true;
    EXPECT_NE(refuse_exposed(options).find("has no certificate"), std::string::npos);
    options.tls_cert = options.tls_key = "x.pem";
    EXPECT_EQ(refuse_exposed(options), "");
    EXPECT_TRUE(tells(exposures(options), "client_ca under [ops]"));
    options.ops_client_ca = "ca.pem";
    EXPECT_TRUE(exposures(options).empty());
    options.ops_tls = false;
    EXPECT_NE(refuse_exposed(options).find("tls = true"), std::string::npos);
}

TEST(Exposure, AdminOverTcpNeedsACertificateAndAProofOnLoopbackToo) {
    Options options = behind_loopback();
    options.admin_tcp_token_file = "token";
    EXPECT_EQ(refuse_exposed(options), "");
    EXPECT_TRUE(tells(exposures(options), "nothing listens there"));
    options.admin_tcp_listen = {"127.0.0.1", 8352};
    EXPECT_NE(refuse_exposed(options).find("cert = "), std::string::npos);
    options.tls_cert = options.tls_key = "x.pem";
    EXPECT_EQ(refuse_exposed(options), "");
    options.admin_tcp_token_file = "";
    EXPECT_NE(refuse_exposed(options).find("token_file = "), std::string::npos);
    options.admin_tcp_client_ca = "ca.pem";
    options.tls_cert = options.tls_key = "";
    options.admin_tcp_cert = options.admin_tcp_key = "y.pem";
    EXPECT_EQ(refuse_exposed(options), "");
}

}  // namespace
}  // namespace tickrelay
