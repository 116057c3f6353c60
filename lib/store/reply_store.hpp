#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "store/sqlite.hpp"

namespace corchestra::store {

/// Texts by key in an SQLite file, the least recently used of which go when they are too large together. Thread-safe.
class reply_store {
 public:
  static result<reply_store> open(const std::filesystem::path& file, std::uint64_t max_bytes);
  reply_store(reply_store&& o) noexcept;

  result<std::optional<std::string>> find(std::string_view key);
  result<void> put(std::string_view key, std::string_view value);

 private:
  reply_store(database db, std::uint64_t max_bytes) : db_(std::move(db)), max_bytes_(max_bytes) {}
  result<void> make_room(std::uint64_t bytes);

  std::mutex mutex_;
  database db_;
  std::uint64_t max_bytes_;
};

}  // namespace corchestra::store
