#include "plan/name.hpp"

#include <algorithm>

namespace corchestra::plan_file {

namespace {
constexpr std::size_t longest_name = 200;
}

std::string name_problem(std::string_view name) {
  const auto has = [&](auto what) { return std::any_of(name.begin(), name.end(), what); };
  if (name.empty()) return "must not be empty";
  if (name.size() > longest_name) return concat("must have at most ", longest_name, " bytes, and has ", name.size());
  if (name == "." || name == "..") return concat("must not be ", quote(name));
  if (has([](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); })) return "must not contain white space";
  if (has([](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return "must not contain control characters";
  if (has([](char c) { return c == '/'; }))
    return "must not contain '/' (it separates spawned tasks from their parent)";
  return {};
}

std::string read_name(const field& f) {
  std::string name = f.text();
  if (!f.is_text()) return name;
  if (const std::string problem = name_problem(name); !problem.empty()) f.fail(concat(quote(name), " ", problem));
  return name;
}

}  // namespace corchestra::plan_file
