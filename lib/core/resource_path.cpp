#include "core/resource_path.hpp"

#include <algorithm>
#include <vector>

namespace corchestra::detail {

bool is_path(std::string_view id) noexcept { return id.starts_with("file:") || id.starts_with("directory:"); }

std::string normal_path(std::string_view id) {
  std::string_view rest = id.substr(id.find(':') + 1);
  const bool absolute = rest.starts_with('/');
  std::vector<std::string_view> names;
  while (!rest.empty()) {
    const auto name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    if (name.empty() || name == ".") continue;
    if (name != "..") {
      names.push_back(name);
    } else if (!names.empty() && names.back() != "..") {
      names.pop_back();
    } else if (!absolute) {
      names.push_back(name);
    }
  }
  if (names.empty() || names.back() == "..") return absolute ? "/" : ".";
  std::string path;
  for (const auto name : names) {
    if (absolute || !path.empty()) path += '/';
    path += name;
  }
  return path;
}

std::string_view parent_path(std::string_view normal) noexcept {
  if (normal == "." || normal == "/") return {};
  const auto slash = normal.rfind('/');
  if (slash == 0) return "/";
  if (slash == std::string_view::npos) return ".";
  const auto parent = normal.substr(0, slash);
  return parent == ".." || parent.ends_with("/..") ? "." : parent;
}

}  // namespace corchestra::detail
