// SQLite, as much of it as the store needs. The only place that knows its header.
// Owner: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace tickrelay {

enum class Step : std::uint8_t { row, done, failed };

class Database {
  public:
    Database() = default;
    ~Database() { close(); }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    // An error text, or empty.
    [[nodiscard]] std::string open(const std::string& path);
    void close();
    // One or more statements without parameters or rows. False: error() says why.
    [[nodiscard]] bool run(const char* sql);
    [[nodiscard]] std::string error() const;  // of the last call that failed
    [[nodiscard]] bool full() const;          // it failed because the disk is full,
    [[nodiscard]] bool damaged() const;       // ... or because the file is no database, or a broken one
    [[nodiscard]] bool in_transaction() const;

  private:
    friend class Statement;
    sqlite3* handle_ = nullptr;
};

// Prepared at its first use. One use: bind(), then step() until it is not `row`; bind() again.
class Statement {
  public:
    Statement(Database& database, std::string sql) : database_(database), sql_(std::move(sql)) {}
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    // Values must live until the last step().
    template <typename... Values>
    Statement& bind(const Values&... values) {
        begin();
        int index = 0;
        (bind_at(++index, values), ...);
        return *this;
    }
    [[nodiscard]] Step step();
    [[nodiscard]] bool run() {  // to its end, rows aside
        Step now = step();
        while (now == Step::row) now = step();
        return now == Step::done;
    }
    // Of the row.
    [[nodiscard]] std::int64_t number(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::vector<std::byte> bytes(int column) const;
    void end();  // lets its locks go

  private:
    void begin();
    void bind_at(int index, std::int64_t value);
    void bind_at(int index, std::uint64_t value) { bind_at(index, static_cast<std::int64_t>(value)); }
    void bind_at(int index, std::uint32_t value) { bind_at(index, std::int64_t{value}); }
    void bind_at(int index, std::string_view value);
    void bind_at(int index, std::span<const std::byte> value);

    Database& database_;
    std::string sql_;
    sqlite3_stmt* handle_ = nullptr;
    bool bad_ = false;  // a bind failed, or it could not be prepared
};

}  // namespace tickrelay
