#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <corchestra/base/error.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/base/time.hpp>
#include "plan/node.hpp"

namespace corchestra::plan_file {

inline constexpr std::string_view a_duration = "a duration above zero, at most 36500d, such as 30s or 1h30m";

/// Where readers report: the first problem is kept. `code` is that of problems of structure.
struct problems {
  std::string source;
  errc code = errc::invalid_plan;
  std::optional<error> first{};
  const node* root = nullptr;  ///< of the fields that report here
  std::string root_path{};
};

/// A node with typed readers. A reader that meets something else reports `FILE:LINE: PATH: expected ..., got ...` and
/// gives back a default, so that reading can go on. The path is looked up when it is asked for.
class field {
 public:
  /// The root of a file; `root` must stay where it is.
  field(const node& root, problems& p, std::string root_path = {}) : node_(&root), problems_(&p) {
    p.root = &root;
    p.root_path = std::move(root_path);
  }

  const node& value() const noexcept { return *node_; }
  std::string path() const;
  problems& log() const noexcept { return *problems_; }
  bool is_text() const noexcept { return node_->value.is_string(); }
  bool is_object() const noexcept { return node_->type == node::kind::object; }
  bool is_list() const noexcept { return node_->type == node::kind::list; }

  void fail(std::string_view what) const { fail(problems_->code, what); }
  void fail(errc code, std::string_view what) const;
  void expected(std::string_view what) const;
  /// `FILE:LINE`
  std::string place() const;

  /// An object with no other keys than these (and `x-...` where `extensions`).
  bool object(std::initializer_list<std::string_view> known, bool extensions = false) const;
  std::optional<field> member(std::string_view key) const;
  /// A member that must be there.
  std::optional<field> required(std::string_view key) const;
  std::vector<field> members() const;
  /// The key of a member, and the member.
  std::vector<std::pair<const std::string&, field>> entries() const;
  std::vector<field> list(std::string_view what) const;

  std::string text(std::string_view what = "text") const;
  std::string non_empty(std::string_view what = "text") const;
  std::vector<std::string> texts(std::string_view what) const;
  bool boolean() const;
  std::int64_t integer(std::int64_t least, std::int64_t most) const;
  double number(double least, double most) const;
  /// `30s`, `1h30m`, or a number of seconds; more than zero.
  duration time_span() const;
  json any_object() const;
  json any() const { return to_json(*node_); }

  template <class E>
  E choice(std::initializer_list<std::pair<std::string_view, E>> names) const {
    for (const auto& [name, value] : names)
      if (is_text() && node_->value.get_ref<const std::string&>() == name) return value;
    std::vector<std::string> known;
    for (const auto& [name, value] : names) known.emplace_back(name);
    expected(known.size() > 3 ? concat("one of ", join(known, ", ")) : join(known, " or "));
    return names.begin()->second;
  }

 private:
  field(const node* n, problems* p) : node_(n), problems_(p) {}

  const node* node_;
  problems* problems_;
};

/// `, did you mean 'x'?` or `; known ...: a, b`
std::string suggestion(std::string_view word, const std::vector<std::string>& known, std::string_view what);

}  // namespace corchestra::plan_file
