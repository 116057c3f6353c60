#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plan/node.hpp"

namespace corchestra::plan_file {

/// Builds a node from the events of a parser. Every step returns false after a problem, which `problem` and `line`
/// describe. Refuses duplicate keys, nesting above 100 levels, and aliases that expand to more than a million values.
class node_builder {
 public:
  explicit node_builder(bool merge_keys) : merge_keys_(merge_keys) {}

  bool expects_key() const noexcept { return !frames_.empty() && frames_.back().expects_key; }
  bool begin(node::kind type, int line, std::size_t anchor = 0);
  bool end();
  bool key(std::string text, int line);
  bool scalar(json value, int line, std::size_t anchor = 0);
  bool alias(std::size_t anchor, int line);
  bool refuse(std::string problem, int line);

  node take() { return std::move(root_); }
  const std::string& problem() const noexcept { return problem_; }
  int line() const noexcept { return line_; }

 private:
  struct frame {
    node value;
    std::size_t anchor = 0;
    bool expects_key = false;
    int key_line = 0;
  };
  struct anchored {
    node value;
    std::size_t count = 0;
    std::size_t depth = 0;
  };

  bool add(node value, std::size_t anchor);
  bool remember(const node& value, std::size_t anchor);
  bool merge(node& object);
  bool merge_from(node& object, const node& from, int line);
  bool check_duplicates(const node& object);

  bool merge_keys_;
  std::vector<frame> frames_;
  std::map<std::size_t, anchored> anchors_;
  std::size_t copies_ = 0;
  node root_;
  std::string problem_;
  int line_ = 0;
};

}  // namespace corchestra::plan_file
