// NATS servers that ask who is there, and that prove who they are: a node says it, or does not start and says why.

#include <fstream>

#include "tests/e2e/fleet/fleet.h"
#include "tests/e2e/fleet/nats_accounts.h"
#include "tests/unit/client/certificate.h"

namespace tickrelay::test {
namespace {

// Of no server but those of this test.
constexpr const char* nkey_seed = "SUAIWFN4XAPGXFD6PJJ64JUJQW5UGXMFKSHMNVNEYE5ETUBBM6F2SCE2K4";
constexpr const char* nkey_public = "UCBGFNXVHEJKXGB4WI33F4W46E7MCM357CKJXU3FX4UVFN3RRYXZGWL3";

struct Kind {
    const char* name;
    std::string servers;  // of their configuration
    std::string right;
    std::string wrong;
};
void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

class NatsCredentials : public testing::TestWithParam<Kind> {};

TEST_P(NatsCredentials, LetANodeInAndWrongOnesStopItsStartWithALine) {
    const Kind& kind = GetParam();
    NatsServers nats(1, kind.servers);
    ASSERT_TRUE(eventually([&] { return nats.ready(); }, std::chrono::seconds(60))) << nats.log(0);
    std::string folder = (std::filesystem::temp_directory_path() / "tickrelay-access-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    const std::string file = folder + "/nats";
    const auto relay = [&](const std::string& credentials) {
        std::ofstream(file) << credentials << "\n";
        return std::make_unique<RelayProcess>(RelaySettings{.configuration = credentials.empty() ? "" : "[fleet]\nnats_credentials = \"" + file + "\"\n",
                                                            .arguments = {"--dev", "--nats", nats.urls(), "--node-name", "one"}});
    };
    {
        const auto in = relay(kind.right);
        ASSERT_TRUE(in->ready()) << in->log();
        EXPECT_NE(in->call("room.spawn", R"({"type":"relay","id":"a"})").find("\"result\""), std::string::npos);
    }
    const auto out = relay(kind.wrong);
    EXPECT_FALSE(out->ready());
    EXPECT_NE(out->log().find("the servers refuse this node"), std::string::npos) << out->log();
    EXPECT_NE(out->log().find(file), std::string::npos) << out->log();
    const auto nobody = relay("");
    EXPECT_FALSE(nobody->ready());
    EXPECT_NE(nobody->log().find("they ask for credentials: [fleet] nats_credentials"), std::string::npos) << nobody->log();
    std::filesystem::remove_all(folder);
}

Kind creds() {
    const NatsAccounts ours, others;
    return {"Creds", ours.configuration, ours.credentials, others.credentials};
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, NatsCredentials,
    testing::Values(Kind{"Password", "authorization { user: relay, password: \"a:b\" }\n", "relay:a:b", "relay:wrong"},
                    Kind{"Token", "authorization { token: \"s3cr3t\" }\n", "s3cr3t", "another"},
                    Kind{"Nkey", std::string("authorization { users: [{ nkey: ") + nkey_public + " }] }\n", std::string(nkey_seed) + "\n" + nkey_public,
                         "SUAMQDB6ZWC5IFDL26Z3CN2EAXMD7T4JJVRB2NO6UHNYCHW4GDKRCCEQU4\nUCLKWJXLILG2EJF4VBERX7QZGZLNG2LUESHHCVRZB7P6NLLDYZ3CXGP7"},
                    creds()),
    [](const auto& info) { return info.param.name; });

TEST(NatsCredentialsFile, AFileThatIsNoneOfTheKindsIsNamed) {
    std::string folder = (std::filesystem::temp_directory_path() / "tickrelay-access-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    for (const std::string& text : {std::string(), std::string(nkey_seed)}) {
        std::ofstream(folder + "/nats") << text;
        const RelayProcess relay({.configuration = "[fleet]\nnats_credentials = \"" + folder + "/nats\"\n", .arguments = {"--dev", "--nats", "nats://127.0.0.1:1"}});
        EXPECT_FALSE(relay.ready());
        EXPECT_NE(relay.log().find("is no .creds file, no nkey"), std::string::npos) << relay.log();
    }
    const RelayProcess relay({.configuration = "[fleet]\nnats_credentials = \"" + folder + "/missing\"\n", .arguments = {"--dev", "--nats", "nats://127.0.0.1:1"}});
    EXPECT_NE(relay.log().find("/missing cannot be read"), std::string::npos) << relay.log();
    std::filesystem::remove_all(folder);
}

class NatsTls : public testing::Test {
  protected:
    [[nodiscard]] static std::string tls(const Certificate& of, const std::string& more = {}) {
        return "tls { cert_file: \"" + of.certificate() + "\", key_file: \"" + of.key() + "\"" + more + " }\n";
    }
    // url: its host instead of the numbers.
    [[nodiscard]] static std::unique_ptr<RelayProcess> relay(const NatsServers& nats, const std::string& scheme, const std::string& host, const std::string& keys) {
        const std::string url = nats.urls();
        return std::make_unique<RelayProcess>(RelaySettings{
            .configuration = "[fleet]\n" + keys, .arguments = {"--dev", "--nats", scheme + host + url.substr(url.rfind(':')), "--node-name", "one"}});
    }
    Certificate certificate;
};

TEST_F(NatsTls, IsSpokenWithServersOfTheAuthorityAndNobodyElse) {
    NatsServers nats(1, tls(certificate));
    ASSERT_TRUE(eventually([&] { return nats.ready(); }, std::chrono::seconds(60))) << nats.log(0);
    const std::string ca = "nats_ca = \"" + certificate.certificate() + "\"\n";
    {
        const auto in = relay(nats, "tls://", "localhost", ca);
        ASSERT_TRUE(in->ready()) << in->log();
        EXPECT_NE(in->call("room.spawn", R"({"type":"relay","id":"a"})").find("\"result\""), std::string::npos);
    }
    const Certificate other;
    for (const std::string& keys : {std::string(), "nats_ca = \"" + other.certificate() + "\"\n"}) {
        const auto out = relay(nats, "tls://", "localhost", keys);
        EXPECT_FALSE(out->ready()) << keys;
        EXPECT_NE(out->log().find("no TLS with the servers"), std::string::npos) << out->log();
    }
    const auto unreadable = relay(nats, "tls://", "localhost", "nats_ca = \"/nowhere.pem\"\n");
    EXPECT_NE(unreadable->log().find("[fleet] nats_ca: /nowhere.pem cannot be read"), std::string::npos) << unreadable->log();
}

TEST_F(NatsTls, IsNotSpokenWithACertificateOfAnotherName) {
    const Certificate elsewhere("elsewhere.example");
    NatsServers nats(1, tls(elsewhere));
    ASSERT_TRUE(eventually([&] { return nats.ready(); }, std::chrono::seconds(60))) << nats.log(0);
    const auto out = relay(nats, "tls://", "localhost", "nats_ca = \"" + elsewhere.certificate() + "\"\n");
    EXPECT_FALSE(out->ready());
    EXPECT_NE(out->log().find("must be for the names in the URLs"), std::string::npos) << out->log();
}

TEST_F(NatsTls, IsNotGivenUpForServersWithoutIt) {
    NatsServers nats(1);
    ASSERT_TRUE(eventually([&] { return nats.ready(); }, std::chrono::seconds(60))) << nats.log(0);
    const auto out = relay(nats, "tls://", "localhost", "");
    EXPECT_FALSE(out->ready());
    EXPECT_NE(out->log().find("the servers speak no TLS"), std::string::npos) << out->log();
}

TEST_F(NatsTls, ShowsACertificateToServersThatAskForOne) {
    const Certificate node;
    NatsServers nats(1, tls(certificate, ", ca_file: \"" + node.certificate() + "\", verify: true"));
    ASSERT_TRUE(eventually([&] { return nats.ready(); }, std::chrono::seconds(60))) << nats.log(0);
    std::ofstream(node.certificate() + ".both") << std::ifstream(node.certificate()).rdbuf() << std::ifstream(node.key()).rdbuf();
    const std::string ca = "nats_ca = \"" + certificate.certificate() + "\"\n";
    {
        const auto in = relay(nats, "tls://", "localhost", ca + "nats_cert = \"" + node.certificate() + ".both\"\n");
        ASSERT_TRUE(in->ready()) << in->log();
    }
    const auto out = relay(nats, "tls://", "localhost", ca);
    EXPECT_FALSE(out->ready());
    EXPECT_NE(out->log().find("nats_cert"), std::string::npos) << out->log();
}

}  // namespace
}  // namespace tickrelay::test
