#include "plan/node.hpp"

#include <corchestra/base/text.hpp>

namespace corchestra::plan_file {

const node* node::find(std::string_view key) const {
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i] == key) return &items[i];
  return nullptr;
}

json to_json(const node& n) {
  if (n.type == node::kind::scalar) return n.value;
  json out = n.type == node::kind::list ? json::array() : json::object();
  for (std::size_t i = 0; i < n.items.size(); ++i) {
    if (n.type == node::kind::list)
      out.push_back(to_json(n.items[i]));
    else
      out[n.keys[i]] = to_json(n.items[i]);
  }
  return out;
}

std::string describe(const node& n) {
  if (n.type == node::kind::list) return "a list";
  if (n.type == node::kind::object) return "an object";
  if (n.value.is_null()) return "nothing";
  if (n.value.is_string()) return quote(n.value.get_ref<const std::string&>());
  return dump_json(n.value);
}

}  // namespace corchestra::plan_file
