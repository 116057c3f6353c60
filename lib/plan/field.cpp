#include "plan/field.hpp"

#include <algorithm>
#include <cstdint>

namespace corchestra::plan_file {

namespace {

constexpr auto longest = std::chrono::hours(24 * 36500);

/// Puts the steps from `from` to `wanted` behind `path`.
bool find_path(const node& from, const node* wanted, std::string& path) {
  if (&from == wanted) return true;
  const std::size_t length = path.size();
  for (std::size_t i = 0; i < from.items.size(); ++i) {
    if (from.type == node::kind::list)
      path += concat("[", i, "]");
    else
      path += concat(path.empty() ? "" : ".", from.keys[i]);
    if (find_path(from.items[i], wanted, path)) return true;
    path.resize(length);
  }
  return false;
}

}  // namespace

std::string suggestion(std::string_view word, const std::vector<std::string>& known, std::string_view what) {
  if (const std::string near = closest(word, known); !near.empty()) return concat(", did you mean ", quote(near), "?");
  if (known.empty()) return concat("; there are no ", what);
  constexpr std::size_t shown = 20;
  std::vector<std::string> some(known.begin(),
                                known.begin() + static_cast<std::ptrdiff_t>(std::min(shown, known.size())));
  if (known.size() > shown) some.emplace_back("...");
  return concat("; known ", what, ": ", join(some, ", "));
}

std::string field::place() const { return concat(problems_->source, ":", node_->line); }

std::string field::path() const {
  std::string path = problems_->root_path;
  return problems_->root && find_path(*problems_->root, node_, path) ? path : std::string();
}

void field::fail(errc code, std::string_view what) const {
  if (problems_->first) return;
  const std::string at = path();
  problems_->first = corchestra::fail(
      code, at.empty() ? concat(place(), ": ", what) : concat(place(), ": ", one_line(at, 200), ": ", what));
}

void field::expected(std::string_view what) const { fail(concat("expected ", what, ", got ", describe(*node_))); }

bool field::object(std::initializer_list<std::string_view> known, bool extensions) const {
  if (!is_object()) {
    expected("an object");
    return false;
  }
  for (std::size_t i = 0; i < node_->keys.size(); ++i) {
    const std::string_view key = node_->keys[i];
    if (std::find(known.begin(), known.end(), key) != known.end() || (extensions && key.starts_with("x-"))) continue;
    field(&node_->items[i], problems_)
        .fail(concat("unknown key", suggestion(key, {known.begin(), known.end()}, "keys")));
    return false;
  }
  return true;
}

std::optional<field> field::member(std::string_view key) const {
  const node* n = is_object() ? node_->find(key) : nullptr;
  if (!n) return std::nullopt;
  return field(n, problems_);
}

std::optional<field> field::required(std::string_view key) const {
  std::optional<field> f = member(key);
  if (!f && is_object()) fail(concat("the key ", quote(key), " is missing"));
  return f;
}

std::vector<field> field::members() const {
  std::vector<field> out;
  if (!is_object()) return out;
  out.reserve(node_->items.size());
  for (const node& item : node_->items) out.push_back(field(&item, problems_));
  return out;
}

std::vector<std::pair<const std::string&, field>> field::entries() const {
  std::vector<std::pair<const std::string&, field>> out;
  if (!is_object()) return out;
  out.reserve(node_->items.size());
  for (std::size_t i = 0; i < node_->items.size(); ++i)
    out.emplace_back(node_->keys[i], field(&node_->items[i], problems_));
  return out;
}

std::vector<field> field::list(std::string_view what) const {
  std::vector<field> out;
  if (!is_list()) {
    expected(what);
    return out;
  }
  out.reserve(node_->items.size());
  for (const node& item : node_->items) out.push_back(field(&item, problems_));
  return out;
}

std::string field::text(std::string_view what) const {
  if (is_text()) return node_->value.get<std::string>();
  expected(what);
  return {};
}

std::string field::non_empty(std::string_view what) const {
  std::string s = text(what);
  if (is_text() && trim(s).empty()) expected(what);
  return s;
}

std::vector<std::string> field::texts(std::string_view what) const {
  std::vector<std::string> out;
  for (const field& f : list(what)) out.push_back(f.text());
  return out;
}

bool field::boolean() const {
  if (node_->value.is_boolean()) return node_->value.get<bool>();
  expected("true or false");
  return false;
}

std::int64_t field::integer(std::int64_t least, std::int64_t most) const {
  const json& v = node_->value;
  const bool too_big = v.is_number_unsigned() && v.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  if (!v.is_number_integer()) {
    expected("an integer");
  } else if (too_big || v.get<std::int64_t>() < least || v.get<std::int64_t>() > most) {
    expected(concat("an integer from ", least, " to ", most));
  } else {
    return v.get<std::int64_t>();
  }
  return least;
}

double field::number(double least, double most) const {
  const json& v = node_->value;
  if (v.is_number() && v.get<double>() >= least && v.get<double>() <= most) return v.get<double>();
  expected(concat("a number from ", dump_json(json(least)), " to ", dump_json(json(most))));
  return least;
}

duration field::time_span() const {
  const json& v = node_->value;
  duration d{};
  if (v.is_number()) {
    const double seconds = v.get<double>();
    if (seconds > 0 && seconds <= to_seconds(longest)) d = from_seconds(seconds);
  } else if (v.is_string()) {
    const result<duration> parsed = parse_duration(v.get_ref<const std::string&>());
    if (parsed && *parsed <= longest) d = *parsed;
  }
  if (d <= duration::zero()) expected(a_duration);
  return d;
}

json field::any_object() const {
  if (is_object()) return to_json(*node_);
  expected("an object");
  return json::object();
}

}  // namespace corchestra::plan_file
