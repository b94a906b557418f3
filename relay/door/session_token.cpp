#include "relay/door/session_token.h"

#include "relay/core/check.h"
#include "relay/core/limits.h"
#include "relay/core/plant.h"
#include "relay/door/base64.h"

namespace tickrelay {

namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t signature_bytes = 16;
constexpr std::string_view purpose = "tickrelay session";  // the key may sign other things, too
constexpr std::size_t payload_bytes_max = 1 + 4 + 4 + 1 + 2 * (1 + limits::name_bytes_max) + 2 + limits::session_options_max;
static_assert((payload_bytes_max + signature_bytes + 2) / 3 * 4 <= limits::session_bytes_max);

template <typename Number>
void put(std::string& out, Number number) {
    for (std::size_t i = 0; i < sizeof number; ++i) out += static_cast<char>((number >> (8 * i)) & 255);
}
template <typename Length>
void put_text(std::string& out, std::string_view text) {
    put(out, static_cast<Length>(text.size()));
    out += text;
}

// Takes from the front; once something is missing all is.
class Payload {
  public:
    explicit Payload(std::string_view bytes) : bytes_(bytes) {}

    template <typename Number>
    Number number() {
        Number value = 0;
        const std::string_view from = take(sizeof value);
        for (std::size_t i = 0; i < from.size(); ++i)
            value = static_cast<Number>(value | static_cast<Number>(static_cast<std::uint8_t>(from[i])) << (8 * i));
        return value;
    }
    template <typename Length>
    std::string text() {
        return std::string(take(number<Length>()));
    }
    [[nodiscard]] bool all_read() const { return good_ && bytes_.empty(); }

  private:
    std::string_view take(std::size_t count) {
        good_ = good_ && count <= bytes_.size();
        if (!good_) return {};
        const std::string_view taken = bytes_.substr(0, count);
        bytes_.remove_prefix(count);
        return taken;
    }
    std::string_view bytes_;
    bool good_ = true;
};

}  // namespace

SessionTokens::SessionTokens(SigningKey key) : key_(std::move(key)) { CHECK(key_.algorithm() == Algorithm::hs256); }

void SessionTokens::use(SigningKey key) {
    CHECK(key.algorithm() == Algorithm::hs256);
    key_ = std::move(key);
}

std::string SessionTokens::signature(std::string_view room_id, std::string_view payload) const {
    std::string input(purpose);
    put_text<std::uint8_t>(input, room_id);
    input += payload;
    return key_.sign(input).substr(0, signature_bytes);
}

std::string SessionTokens::make(std::string_view room_id, std::uint32_t term, const Seat& seat) {
    CHECK(room_id.size() <= limits::name_bytes_max && seat.session.size() <= limits::name_bytes_max &&
          seat.player_id.size() <= limits::name_bytes_max);
    std::string token;
    put(token, version);
    put(token, term);
    put(token, seat.number);
    put(token, static_cast<std::uint8_t>(seat.role));
    put_text<std::uint8_t>(token, seat.session);
    put_text<std::uint8_t>(token, seat.player_id);
    const bool small = seat.options.size() <= limits::session_options_max && seat.options != "{}";
    put_text<std::uint16_t>(token, small ? seat.options : std::string_view());
    token += signature(room_id, token);
    return encode_base64url(bytes_of(token));
}

std::optional<SessionClaims> SessionTokens::read(std::string_view room_id, std::string_view token) {
    if (token.size() > limits::session_bytes_max || room_id.size() > limits::name_bytes_max) return std::nullopt;
    const auto bytes = decode_base64(token);
    if (!bytes || bytes->size() <= signature_bytes) return std::nullopt;
    const std::string_view payload = std::string_view(*bytes).substr(0, bytes->size() - signature_bytes);
    if (!PLANTED(session_unsigned) && !equal_in_time(signature(room_id, payload), std::string_view(*bytes).substr(payload.size()))) return std::nullopt;
    Payload from(payload);
    if (from.number<std::uint8_t>() != version) return std::nullopt;
    SessionClaims claims;
    claims.term = from.number<std::uint32_t>();
    claims.number = from.number<PlayerNumber>();
    const auto role = from.number<std::uint8_t>();
    claims.role = static_cast<wire::Role>(role);
    claims.session = from.text<std::uint8_t>();
    claims.player_id = from.text<std::uint8_t>();
    claims.options = from.text<std::uint16_t>();
    const bool whole = from.all_read() && role <= static_cast<std::uint8_t>(wire::Role::MAX);
    return whole ? std::optional(std::move(claims)) : std::nullopt;
}

}  // namespace tickrelay
