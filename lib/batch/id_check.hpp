#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/sqlite.hpp"

namespace corchestra::batch {

/// Finds ids that occur twice among any number of them, sorted on disk by SQLite: memory stays small.
class id_check {
 public:
  static result<id_check> create();
  result<void> add(std::string_view id, std::uint64_t line);

  struct duplicate {
    std::string id;
    std::uint64_t first, second;  ///< lines
  };
  /// The first one in the file, when there is one.
  result<std::optional<duplicate>> find();

 private:
  id_check(store::database db, store::statement add) : db_(std::move(db)), add_(std::move(add)) {}

  store::database db_;
  store::statement add_;
};

}  // namespace corchestra::batch
