#include "plan/config_file.hpp"

#include <algorithm>

#include "base/text_file.hpp"
#include "plan/field.hpp"
#include "plan/parse.hpp"
#include "plan/setting_rules.hpp"

namespace corchestra::plan_file {

namespace {

constexpr std::size_t max_config_bytes = 1u << 20;

bool readable_by_others(const std::filesystem::path& file) {
  std::error_code failed;
  const auto p = std::filesystem::status(file, failed).permissions();
  using perms = std::filesystem::perms;
  return !failed && (p & (perms::group_read | perms::others_read)) != perms::none;
}

class config_reader {
 public:
  config_reader(std::filesystem::path file, std::string home) : file_(std::move(file)), home_(std::move(home)) {}

  void read(const field& f) {
    if (!f.is_object()) return f.expected("an object of settings");
    for (const field& m : f.members()) {
      if (is_group(m.path()) && m.is_object())
        read(m);
      else
        read_value(m);
    }
  }

  config_values values;

 private:
  static bool is_group(const std::string& path) {
    const auto& rules = setting_rules();
    return std::any_of(rules.begin(), rules.end(),
                       [&](const setting_rule& r) { return r.shown.key.starts_with(path + "."); });
  }

  void read_value(const field& f) {
    const auto& rules = setting_rules();
    const auto rule =
        std::find_if(rules.begin(), rules.end(), [&](const setting_rule& r) { return r.shown.key == f.path(); });
    if (rule == rules.end()) {
      if (is_group(f.path())) return f.expected("an object of settings");
      std::vector<std::string> known;
      for (const setting_rule& r : rules) known.emplace_back(r.shown.key);
      return f.fail(concat("unknown setting", suggestion(f.path(), known, "settings")));
    }
    const bool scalar = !f.is_list() && !f.is_object() && !f.value().value.is_null();
    std::string text = scalar ? to_text(f.value().value) : std::string();
    settings ignored;
    if (!scalar || !rule->assign(ignored, text)) {
      if (rule->shown.secret) return f.fail(concat("expected ", rule->shown.expects));
      return f.expected(rule->shown.expects);
    }
    if (rule->is_path) text = resolve(text);
    std::string origin = f.place();
    if (rule->shown.secret && readable_by_others(file_)) origin += " (readable by others: chmod 600 it)";
    values[f.path()] = {std::move(text), std::move(origin)};
  }

  std::string resolve(const std::string& path) const {
    if (path.starts_with("~/") && !home_.empty()) return home_ + path.substr(1);
    return (file_.parent_path() / path).string();
  }

  std::filesystem::path file_;
  std::string home_;
};

}  // namespace

result<config_values> read_config_file(const std::filesystem::path& file, const std::string& home) {
  result<std::string> text = detail::read_text_file(file, max_config_bytes);
  if (!text) return text.error();
  result<node> root = parse_yaml(*text, file.string(), errc::invalid_config);
  if (!root) return root.error();
  if (root->type == node::kind::scalar && root->value.is_null()) return config_values{};
  problems log{file.string(), errc::invalid_config, {}};
  config_reader reader(file, home);
  reader.read(field(*root, log));
  if (log.first) return *log.first;
  return std::move(reader.values);
}

}  // namespace corchestra::plan_file
