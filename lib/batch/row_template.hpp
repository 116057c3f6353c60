#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <corchestra/base/json.hpp>

namespace corchestra::batch {

/// Text with `${column}` in it; `$${` stands for a literal `${`. Pure.
class row_template {
 public:
  /// Error: `invalid_argument` for a brace that is not closed, or an empty name.
  static result<row_template> parse(std::string_view text);

  /// With a row's values in their places: strings as they are, other values as JSON text. Error: `invalid_argument`, a
  /// column that the row does not have, and those that it has.
  result<std::string> fill(const ordered_json& row) const;

 private:
  struct piece {
    std::string text;
    bool column = false;
  };
  std::vector<piece> pieces_;
};

}  // namespace corchestra::batch
