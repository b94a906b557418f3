#include "relay/fleet/sqlite.h"

#include <sqlite3.h>

namespace tickrelay {

std::string Database::open(const std::string& path) {
    // One thread at a time uses a connection: no mutex of SQLite's own.
    const int result = sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    if (result == SQLITE_OK) {
        sqlite3_extended_result_codes(handle_, 1);
        sqlite3_busy_timeout(handle_, 2'000);  // ms: somebody looks into it with another program
        return {};
    }
    const std::string why = handle_ == nullptr ? "out of memory" : error();
    close();
    return why;
}

void Database::close() {
    sqlite3_close_v2(handle_);
    handle_ = nullptr;
}

bool Database::run(const char* sql) { return sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK; }

std::string Database::error() const {
    std::string text = sqlite3_errmsg(handle_);
    if (const int number = sqlite3_system_errno(handle_); number != 0 && (sqlite3_errcode(handle_) & 0xFF) == SQLITE_IOERR)
        text += " (errno " + std::to_string(number) + ")";
    return text;
}

bool Database::full() const { return (sqlite3_errcode(handle_) & 0xFF) == SQLITE_FULL; }

bool Database::damaged() const {
    const int code = sqlite3_errcode(handle_) & 0xFF;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::begin() {
    bad_ = false;
    if (handle_ == nullptr)
        bad_ = sqlite3_prepare_v3(database_.handle_, sql_.c_str(), static_cast<int>(sql_.size()), SQLITE_PREPARE_PERSISTENT, &handle_, nullptr) != SQLITE_OK;
    else
        sqlite3_reset(handle_);
}

void Statement::end() {
    if (handle_ == nullptr) return;
    sqlite3_reset(handle_);
    sqlite3_clear_bindings(handle_);
}

Step Statement::step() {
    if (bad_) return Step::failed;
    const int result = sqlite3_step(handle_);
    if (result == SQLITE_ROW) return Step::row;
    // Not on failure: a reset is what would be asked for its error then.
    if (result == SQLITE_DONE) end();
    return result == SQLITE_DONE ? Step::done : Step::failed;
}

void Statement::bind_at(int index, std::int64_t value) {
    if (!bad_) bad_ = sqlite3_bind_int64(handle_, index, value) != SQLITE_OK;
}

void Statement::bind_at(int index, std::string_view value) {
    if (!bad_) bad_ = sqlite3_bind_text64(handle_, index, value.data() == nullptr ? "" : value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK;
}

void Statement::bind_at(int index, std::span<const std::byte> value) {
    if (!bad_) bad_ = sqlite3_bind_blob64(handle_, index, value.data() == nullptr ? "" : static_cast<const void*>(value.data()), value.size(), SQLITE_STATIC) != SQLITE_OK;
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(handle_, column); }

std::string Statement::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
    return data == nullptr ? std::string() : std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)));
}

std::vector<std::byte> Statement::bytes(int column) const {
    const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(handle_, column));
    return data == nullptr ? std::vector<std::byte>() : std::vector<std::byte>(data, data + sqlite3_column_bytes(handle_, column));
}

}  // namespace tickrelay
