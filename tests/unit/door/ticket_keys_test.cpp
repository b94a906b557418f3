#include "relay/door/ticket_keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "signed_text.h"

namespace tickrelay {
namespace {

class TicketKeysTest : public testing::Test {
  protected:
    std::filesystem::path folder = std::filesystem::temp_directory_path() /
                                   ("tickrelay-keys-" + std::to_string(getpid()) + testing::UnitTest::GetInstance()->current_test_info()->name());
    void SetUp() override { std::filesystem::create_directory(folder); }
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::string file(const std::string& name, const std::string& text) const {
        std::ofstream(folder / name) << text;
        return "file:" + (folder / name).string();
    }
    static std::string error_of(const std::vector<std::string>& entries) {
        auto loaded = load_ticket_keys(entries);
        const auto* why = std::get_if<std::string>(&loaded);
        return why == nullptr ? "" : *why;
    }
    std::string error_of_text(const std::string& text) const { return error_of({file("key", text)}); }
};

void expect_in(const std::string& text, const std::string& part) { EXPECT_NE(text.find(part), std::string::npos) << text; }

TEST_F(TicketKeysTest, ComeFromFilesAndTheEnvironmentByName) {
    setenv("TICKRELAY_TEST_SECRET", test::other_secret, 1);
    const auto loaded = load_ticket_keys(std::vector<std::string>{
        "es=" + file("public.pem", test::public_pem), file("secret", std::string(test::secret) + "\r\n"), "old=env:TICKRELAY_TEST_SECRET"});
    unsetenv("TICKRELAY_TEST_SECRET");
    ASSERT_TRUE(std::holds_alternative<TicketKeys>(loaded)) << std::get<std::string>(loaded);
    const auto& keys = std::get<TicketKeys>(loaded);
    EXPECT_EQ(keys.size(), 3U);
    EXPECT_EQ(keys.find("es")->key.algorithm(), Algorithm::es256);
    EXPECT_FALSE(keys.find("es")->key.can_sign());
    EXPECT_TRUE(keys.find(std::nullopt)->key.verify("x", test::key_of(test::secret).sign("x"))) << "without the line's end";
    EXPECT_TRUE(keys.find("old")->key.verify("x", test::key_of(test::other_secret).sign("x")));
    EXPECT_EQ(keys.find("new"), nullptr);
    EXPECT_EQ(keys.signing()->kid, "") << "the first that can sign";
    const auto sec1 = SigningKey::read(R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIN+pSzJMxv+KUHv4UAcmCWQmNoAi1P3m2Xb6GlWnCK13oAoGCCqGSM49
AwEHoUQDQgAEUQN1xfpYEQ/VHxXHPpd2ukYUapEwpjvpTem/ss2fHZg8ucJUe41d
Ch9CZVBNJjPPvXQsh44TEzLIdVu0VdjslA==
-----END EC PRIVATE KEY-----
)");
    ASSERT_TRUE(std::holds_alternative<SigningKey>(sec1)) << "as openssl ecparam writes it";
    EXPECT_TRUE(std::get<SigningKey>(sec1).can_sign());
    const auto private_key = load_ticket_keys(std::vector<std::string>{"a=" + file("private.pem", test::private_pem)});
    EXPECT_EQ(std::get<TicketKeys>(private_key).signing()->kid, "a");
}

TEST_F(TicketKeysTest, ThatAreNoneAreRefusedWithTheRemedyAndWithoutTheSecret) {
    expect_in(error_of({"file:/nowhere/at/all"}), "entry 1: cannot read file:/nowhere/at/all: No such file");
    expect_in(error_of({"env:TICKRELAY_TEST_UNSET"}), "env:TICKRELAY_TEST_UNSET is not set");
    expect_in(error_of({file("ok", test::secret), "x=file:" + folder.string()}), "entry 2: cannot read");
    expect_in(error_of_text("short"), "less than 32 bytes: make a secret with openssl rand -base64 48");
    expect_in(error_of_text(""), "less than 32 bytes");
    expect_in(error_of_text(std::string(40, 'x') + " " + std::string(40, 'y')), "neither a PEM nor a secret");
    expect_in(error_of_text(std::string(64, '\x01')), "neither a PEM nor a secret");
    expect_in(error_of_text("{" + std::string(40, 'x')), "neither a PEM nor a secret");
    expect_in(error_of_text(std::string(5000, 'x')), "longer than 4096 bytes");
    expect_in(error_of_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), "a PEM that cannot be read");
    expect_in(error_of_text("-----BEGIN PUBLIC KEY-----\nMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE"), "a PEM that cannot be read");
    const std::string bare = error_of({std::string(test::secret)});
    expect_in(bare, "entry 1: must be file:PATH or env:NAME");
    EXPECT_EQ(bare.find("secret-of-tests"), std::string::npos) << "it may be one";
    expect_in(error_of({file("a", test::secret), file("b", test::other_secret)}), "entry 2: a second key without a name: write NAME=file:PATH");
    expect_in(error_of({"k=" + file("a", test::secret), "k=" + file("b", test::other_secret)}), "entry 2: a second key 'k'");
    expect_in(error_of({"bad name=" + file("a", test::secret)}), "with a name before it");
    expect_in(error_of(std::vector<std::string>(17, "env:X")), "16 keys or fewer");
}

TEST_F(TicketKeysTest, AreOnP256) {
    expect_in(error_of_text(R"(-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEb8FyEaC3TdFaNzy4xkY4OPZ95nqB53W/
8NFtZBswb7jDi1WsFICH9bbwN+7vV9Sv0PFdgLFVH934ALhBXrbk27jhkIR8GldF
0v76VcYwvFNmuK2DEmKwnU3sS3rIaFAM
-----END PUBLIC KEY-----
)"), "is no EC key on P-256");
    expect_in(error_of_text(R"(-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
)"), "is no EC key on P-256");
}

TEST_F(TicketKeysTest, OfSessionsAreMadeOnceAndKeptForTheOwnerAlone) {
    const std::string data = (folder / "deep" / "data").string();
    const auto first = key_kept_in(data);
    ASSERT_TRUE(std::holds_alternative<SigningKey>(first)) << std::get<std::string>(first);
    struct stat about {};
    ASSERT_EQ(stat((data + "/session.key").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600U);
    const auto second = key_kept_in(data);
    EXPECT_TRUE(std::get<SigningKey>(second).verify("x", std::get<SigningKey>(first).sign("x")));
    const auto elsewhere = key_kept_in((folder / "other").string());
    EXPECT_FALSE(std::get<SigningKey>(elsewhere).verify("x", std::get<SigningKey>(first).sign("x")));
    std::ofstream(folder / "file") << "x";
    expect_in(std::get<std::string>(key_kept_in((folder / "file").string())), "Is data_dir writable?");
}

}  // namespace
}  // namespace tickrelay
