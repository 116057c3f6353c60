#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <corchestra/base/json.hpp>

namespace corchestra::plan_file {

/// A value of a YAML or JSON file with the line it stands on.
struct node {
  enum class kind : std::uint8_t { scalar, list, object };
  kind type = kind::scalar;
  int line = 0;                   ///< of the key for an object's members
  json value;                     ///< scalar: null, boolean, number or string
  std::vector<node> items;        ///< list: its items; object: its values
  std::vector<std::string> keys;  ///< object: the key of each item

  const node* find(std::string_view key) const;
};

json to_json(const node& n);

/// For messages: `'high'`, `12`, `nothing`, `a list`, `an object`.
std::string describe(const node& n);

}  // namespace corchestra::plan_file
