#include "relay/door/ticket.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstring>
#include <set>

#include "signed_text.h"

namespace tickrelay {
namespace {

using nlohmann::json;
using test::key_of;
using test::mint;
using test::part;
using test::part_of;

constexpr std::int64_t now = 1'700'000'000;

TicketKeys keys() {
    return TicketKeys({{"", key_of(test::secret)}, {"es", key_of(test::public_pem)}, {"old", key_of(test::other_secret)}});
}
json claims() { return {{"room", "room"}, {"sub", "ada"}, {"exp", now + 60}}; }
json with(const char* name, json value) {
    json changed = claims();
    changed[name] = std::move(value);
    return changed;
}

struct TicketsTest : testing::Test {
    Tickets tickets{keys(), {}, fill_random};
    json hs{{"alg", "HS256"}, {"typ", "JWT"}};
    json es{{"alg", "ES256"}, {"kid", "es"}};

    TicketFault fault(const std::string& text, std::int64_t now_s = now) const {
        const auto read = tickets.read(text, "room", now_s);
        const auto* fault = std::get_if<TicketFault>(&read);
        return fault == nullptr ? TicketFault::none : *fault;
    }
    TicketFault fault(const json& claims, std::int64_t now_s = now) const { return fault(mint(hs, claims, key_of(test::secret)), now_s); }
    Ticket good(const std::string& text) const {
        auto read = tickets.read(text, "room", now);
        if (const auto* fault = std::get_if<TicketFault>(&read)) ADD_FAILURE() << label(*fault);
        return std::holds_alternative<Ticket>(read) ? std::get<Ticket>(std::move(read)) : Ticket{};
    }
};

TEST_F(TicketsTest, SayWhatTheirClaimsSay) {
    const Ticket plain = good(mint(hs, claims(), key_of(test::secret)));
    EXPECT_EQ(plain.room_id, "room");
    EXPECT_EQ(plain.player_id, "ada");
    EXPECT_EQ(plain.role, wire::Role::Player);
    EXPECT_EQ(plain.expires_s, now + 60);
    EXPECT_EQ(plain.seat, 0U);
    EXPECT_FALSE(plain.single_use) << "without a jti it may come again";
    json all = claims();
    all.update({{"role", "authority"}, {"seat", 7}, {"jti", "a"}, {"iat", now}, {"nbf", now}, {"exp", now + 59.5}, {"x", {1, 2}}});
    const Ticket ticket = good(mint(es, all, key_of(test::private_pem)));
    EXPECT_EQ(ticket.role, wire::Role::Authority);
    EXPECT_EQ(ticket.seat, 7U);
    EXPECT_EQ(ticket.expires_s, now + 60);
    EXPECT_TRUE(ticket.single_use);
    EXPECT_EQ(tickets.until_s(ticket), now + 70);
    const auto anywhere = tickets.read(mint(hs, claims(), key_of(test::secret)), "", now);
    EXPECT_EQ(std::get<Ticket>(anywhere).room_id, "room") << "who names no room means the ticket's";
}

TEST_F(TicketsTest, ThatAreIssuedAreReadAndAllDifferent) {
    for (const char* signer : {test::secret, test::private_pem}) {
        tickets.use(TicketKeys({{"public", key_of(test::public_pem)}, {"signs", key_of(signer)}}),
                    {.audience = "here", .issuer = "me", .leeway_s = 0});
        const Ticket issued{.room_id = "room", .player_id = "ä b", .role = wire::Role::Spectator, .expires_s = now + 5, .seat = 3};
        std::set<TicketId> ids;
        for (int i = 0; i < 20; ++i) {
            const auto text = tickets.issue(issued, now);
            ASSERT_TRUE(text);
            const Ticket read = good(*text);
            EXPECT_EQ(read.player_id, "ä b");
            EXPECT_EQ(read.role, wire::Role::Spectator);
            EXPECT_EQ(read.expires_s, now + 5);
            EXPECT_EQ(read.seat, 3U);
            EXPECT_TRUE(read.single_use);
            ids.insert(read.id);
        }
        EXPECT_EQ(ids.size(), 20U);
    }
    tickets.use(TicketKeys({{"", key_of(test::public_pem)}}), {});
    EXPECT_FALSE(tickets.issue({.room_id = "room", .player_id = "ada"}, now)) << "a public key signs nothing";
}

TEST_F(TicketsTest, EndAndBeginWithinTheLeeway) {
    EXPECT_EQ(fault(claims(), now + 70), TicketFault::none);
    EXPECT_EQ(fault(claims(), now + 71), TicketFault::expired);
    EXPECT_EQ(fault(with("nbf", now + 10)), TicketFault::none);
    EXPECT_EQ(fault(with("nbf", now + 11)), TicketFault::not_yet_valid);
    EXPECT_EQ(fault(with("iat", now + 11)), TicketFault::not_yet_valid) << "made in the future";
    tickets.use(keys(), {.audience = "", .issuer = "", .leeway_s = 0});
    EXPECT_EQ(fault(claims(), now + 60), TicketFault::none);
    EXPECT_EQ(fault(claims(), now + 61), TicketFault::expired);
}

TEST_F(TicketsTest, AreForOneRoomAndWhereConfiguredOneAudienceAndIssuer) {
    EXPECT_EQ(fault(with("room", "other")), TicketFault::wrong_room);
    EXPECT_EQ(fault(with("aud", "anyone")), TicketFault::none) << "nothing is configured";
    tickets.use(keys(), {.audience = "game", .issuer = "us", .leeway_s = 10});
    EXPECT_EQ(fault(claims()), TicketFault::wrong_issuer);
    json all = with("iss", "us");
    EXPECT_EQ(fault(all), TicketFault::wrong_audience);
    for (const json& wrong : {json("games"), json(3), json({"a", "b"}), json(json::value_t::object), json({3, nullptr})}) {
        all["aud"] = wrong;
        EXPECT_EQ(fault(all), TicketFault::wrong_audience) << wrong;
    }
    for (const json& right : {json("game"), json({"a", "game"})}) {
        all["aud"] = right;
        EXPECT_EQ(fault(all), TicketFault::none) << right;
    }
    all["iss"] = "them";
    EXPECT_EQ(fault(all), TicketFault::wrong_issuer);
}

TEST_F(TicketsTest, AreSignedWithTheAlgorithmOfTheirKeyAndNoOther) {
    // The public PEM is known to all: as an HMAC secret it would sign anything.
    const std::string input = part_of(json{{"alg", "HS256"}, {"kid", "es"}}) + "." + part_of(claims());
    for (const std::string& secret : {std::string(test::public_pem), std::string(test::public_pem, std::strlen(test::public_pem) - 1)}) {
        std::array<unsigned char, 32> code;
        unsigned int bytes = 0;
        ASSERT_NE(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(input.data()),
                       input.size(), code.data(), &bytes),
                  nullptr);
        EXPECT_EQ(fault(input + "." + encode_base64url(std::as_bytes(std::span(code)))), TicketFault::algorithm);
    }
    EXPECT_EQ(key_of(test::public_pem).algorithm(), Algorithm::es256) << "a PEM is never a secret";
    EXPECT_EQ(fault(mint({{"alg", "ES256"}}, claims(), key_of(test::private_pem))), TicketFault::algorithm);
    for (const json& algorithm : {json("none"), json("None"), json("HS512"), json("RS256"), json("hs256"), json("")}) {
        const std::string header = part_of(json{{"alg", algorithm}});
        EXPECT_EQ(fault(header + "." + part_of(claims()) + "."), TicketFault::algorithm) << algorithm;
        EXPECT_EQ(fault(test::sign(header + "." + part_of(claims()), key_of(test::secret))), TicketFault::algorithm) << algorithm;
    }
    EXPECT_EQ(fault(part_of(json::object()) + "." + part_of(claims()) + "."), TicketFault::algorithm);
    EXPECT_EQ(fault(part_of(json{{"alg", 5}}) + "." + part_of(claims()) + "."), TicketFault::malformed);
}

TEST_F(TicketsTest, OfAWrongKeyOrChangedOnTheWayAreRefused) {
    EXPECT_EQ(fault(mint(hs, claims(), key_of(test::other_secret))), TicketFault::bad_signature);
    EXPECT_EQ(fault(mint({{"alg", "HS256"}, {"kid", "gone"}}, claims(), key_of(test::secret))), TicketFault::unknown_key);
    for (const std::string& right : {mint(hs, claims(), key_of(test::secret)), mint(es, claims(), key_of(test::private_pem))}) {
        const auto body = right.find('.') + 1, signature = right.rfind('.') + 1;
        for (std::size_t i = body; i < right.size(); ++i) {
            if (i == signature - 1) continue;
            std::string changed = right;
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            EXPECT_NE(fault(changed), TicketFault::none) << i;
        }
        EXPECT_EQ(fault(right.substr(0, signature)), TicketFault::bad_signature) << "no signature at all";
        for (const std::string& cut : {right.substr(0, right.size() - 4), right + "AAAA", right.substr(0, signature) + "AAAA"})
            EXPECT_TRUE(fault(cut) == TicketFault::bad_signature || fault(cut) == TicketFault::malformed) << cut;
        EXPECT_EQ(fault(right.substr(0, signature) + part(std::string(64, '\0'))), TicketFault::bad_signature) << "r = s = 0";
        EXPECT_EQ(fault(right + "!!"), TicketFault::malformed);
        EXPECT_EQ(fault(right + "="), TicketFault::malformed);
    }
}

TEST_F(TicketsTest, ThatAreNoneAreMalformed) {
    const std::string right = mint(hs, claims(), key_of(test::secret));
    const std::string head = right.substr(0, right.find('.'));
    for (const std::string& text :
         {std::string(), std::string("."), std::string(".."), std::string("..."), std::string("x"), head, head + ".", right + ".",
          right + ".x", "." + right, right.substr(1), std::string(64 * 1024, 'A'), std::string(4096, '.'), std::string("\0.\0.\0", 5),
          part("[1]") + "." + part_of(claims()) + ".AA", part(R"({"alg":"HS256","crit":["exp"]})") + "." + part_of(claims()) + ".AA",
          part("{\"a\":" + std::string(500, '[')) + "." + part_of(claims()) + ".AA", part("\xff\xfe") + ".e30.AA"})
        EXPECT_EQ(fault(text), TicketFault::malformed) << text.substr(0, 40);
    EXPECT_EQ(fault(with("pad", std::string(4096, 'x'))), TicketFault::malformed) << "over 4 KiB, though it is signed";
    EXPECT_EQ(fault(test::sign(part_of(hs) + "." + part(std::string("{\"exp\":") + std::string(1000, '[')), key_of(test::secret))),
              TicketFault::malformed);
    EXPECT_EQ(fault(test::sign(part_of(hs) + "." + part(std::string("no json")), key_of(test::secret))), TicketFault::malformed);
}

TEST_F(TicketsTest, WithoutAClaimThatTheyNeedOrWithAWrongOneAreMalformed) {
    for (const char* needed : {"room", "sub", "exp"}) {
        json less = claims();
        less.erase(needed);
        EXPECT_EQ(fault(less), TicketFault::malformed) << needed;
    }
    const std::vector<std::pair<const char*, json>> wrong = {
        {"room", 5},        {"sub", ""},        {"sub", nullptr},    {"sub", "a\nb"},  {"sub", std::string(65, 'x')}, {"exp", "soon"},
        {"exp", nullptr},   {"exp", 1e300},     {"nbf", "now"},      {"iat", true},    {"role", "king"},              {"role", 1},
        {"seat", 0},        {"seat", -1},       {"seat", 1.5},       {"seat", "1"},    {"seat", 1ULL << 32},          {"jti", 7},
        {"jti", ""},        {"jti", std::string(257, 'j')},          {"iss", {1}},
    };
    for (const auto& [name, value] : wrong) EXPECT_EQ(fault(with(name, value)), TicketFault::malformed) << name << " " << value;
}

TEST_F(TicketsTest, AreKnownAgainByTheirKeyAndTheirOwnId) {
    const auto id = [&](json header, const char* key, const char* jti) { return good(mint(header, with("jti", jti), key_of(key))).id; };
    EXPECT_EQ(id(hs, test::secret, "a"), id({{"alg", "HS256"}}, test::secret, "a")) << "whatever else they say";
    EXPECT_NE(id(hs, test::secret, "a"), id(hs, test::secret, "b"));
    EXPECT_NE(id(hs, test::secret, "a"), id({{"alg", "HS256"}, {"kid", "old"}}, test::other_secret, "a")) << "two issuers may count alike";
}

TEST_F(TicketsTest, OverlapWhileTheirKeysChange) {
    const std::string old = mint({{"alg", "HS256"}, {"kid", "1"}}, claims(), key_of(test::secret));
    const std::string fresh = mint({{"alg", "HS256"}, {"kid", "2"}}, claims(), key_of(test::other_secret));
    tickets.use(TicketKeys({{"1", key_of(test::secret)}}), {});
    EXPECT_EQ(fault(old), TicketFault::none);
    EXPECT_EQ(fault(fresh), TicketFault::unknown_key);
    EXPECT_EQ(fault(mint({{"alg", "HS256"}}, claims(), key_of(test::secret))), TicketFault::none) << "the only key needs no name";
    tickets.use(TicketKeys({{"2", key_of(test::other_secret)}, {"1", key_of(test::secret)}}), {});
    EXPECT_EQ(fault(old), TicketFault::none);
    EXPECT_EQ(fault(fresh), TicketFault::none);
    EXPECT_EQ(fault(mint({{"alg", "HS256"}}, claims(), key_of(test::secret))), TicketFault::unknown_key) << "of two it does";
    tickets.use(TicketKeys({{"2", key_of(test::other_secret)}}), {});
    EXPECT_EQ(fault(old), TicketFault::unknown_key);
    EXPECT_EQ(fault(fresh), TicketFault::none);
}

TEST(Base64, ComesBackForEveryLength) {
    std::string bytes;
    for (int length = 0; length < 70; ++length) {
        EXPECT_EQ(decode_base64(encode_base64(bytes_of(bytes))), bytes);
        EXPECT_EQ(decode_base64(encode_base64url(bytes_of(bytes))), bytes);
        bytes += static_cast<char>(length * 37);
    }
    EXPECT_EQ(encode_base64(bytes_of("fo")), "Zm8=");
    EXPECT_EQ(encode_base64url(bytes_of("\xff\xef")), "_-8");
    for (const auto* bad : {"A", "AA=A", "A A=", "=", "AA\n", "====", "ä"}) EXPECT_FALSE(decode_base64(bad)) << bad;
}

}  // namespace
}  // namespace tickrelay
