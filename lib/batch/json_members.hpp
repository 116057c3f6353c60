#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace corchestra::batch {

/// Raw text of the members of a JSON object that is known to be valid, without building a tree.
class json_members {
 public:
  explicit json_members(std::string_view object);

  struct member {
    std::string_view key;    ///< between its quotes, escapes as they are
    std::string_view value;  ///< as it is
  };
  /// The next member, or nothing.
  std::optional<member> next();

 private:
  std::string_view rest_;
};

/// The raw value of a member, empty when there is none. Of several the last counts, as for a parser.
std::string_view raw_member(std::string_view object, std::string_view key);

/// The text of a raw JSON string; absent, or false: it is no string.
std::optional<std::string> string_of(std::string_view raw);
bool read_string(std::string_view raw, std::string& to);

/// The first element of a raw JSON array, empty when there is none.
std::string_view first_element(std::string_view array);

/// How many elements a raw JSON array has.
std::size_t size_of_array(std::string_view array);

}  // namespace corchestra::batch
