#include "batch/row_template.hpp"

#include <corchestra/base/text.hpp>

namespace corchestra::batch {

namespace {

std::string names_of(const ordered_json& row) {
  constexpr std::size_t most = 20;
  std::vector<std::string> names;
  for (const auto& [name, unused] : row.items()) {
    if (names.size() == most) {
      names.emplace_back("...");
      break;
    }
    names.push_back(one_line(name, 40));
  }
  return join(names, ", ");
}

}  // namespace

result<row_template> row_template::parse(std::string_view text) {
  row_template out;
  std::string plain;
  while (!text.empty()) {
    const std::size_t at = text.find("${");
    if (at == std::string_view::npos) break;
    const bool escaped = at > 0 && text[at - 1] == '$';
    plain += text.substr(0, escaped ? at - 1 : at);
    text.remove_prefix(at + 2);
    if (escaped) {
      plain += "${";
      continue;
    }
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos)
      return fail(errc::invalid_argument, concat("the '${' before ", quote(text, 40), " is not closed by a '}'"));
    if (end == 0) return fail(errc::invalid_argument, "'${}' names no column");
    if (!plain.empty()) out.pieces_.push_back({std::exchange(plain, {}), false});
    out.pieces_.push_back({std::string(text.substr(0, end)), true});
    text.remove_prefix(end + 1);
  }
  plain += text;
  if (!plain.empty()) out.pieces_.push_back({std::move(plain), false});
  return out;
}

result<std::string> row_template::fill(const ordered_json& row) const {
  std::string out;
  for (const piece& p : pieces_) {
    if (!p.column) {
      out += p.text;
      continue;
    }
    const auto value = row.find(p.text);
    if (value == row.end())
      return fail(errc::invalid_argument, concat("there is no column ", quote(p.text), "; there are: ", names_of(row)));
    out += value->is_string() ? value->get_ref<const std::string&>() : dump_json(*value);
  }
  return out;
}

}  // namespace corchestra::batch
