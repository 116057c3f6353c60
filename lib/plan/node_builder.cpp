#include "plan/node_builder.hpp"

#include <algorithm>
#include <unordered_set>

#include <corchestra/base/text.hpp>

namespace corchestra::plan_file {

namespace {

constexpr std::size_t max_depth = 100;
constexpr std::size_t max_copies = 1'000'000;

void measure(const node& n, std::size_t level, std::size_t& count, std::size_t& depth) {
  ++count;
  depth = std::max(depth, level);
  for (const node& item : n.items) measure(item, level + 1, count, depth);
}

}  // namespace

bool node_builder::refuse(std::string problem, int line) {
  if (problem_.empty()) {
    problem_ = std::move(problem);
    line_ = line;
  }
  return false;
}

bool node_builder::begin(node::kind type, int line, std::size_t anchor) {
  if (expects_key()) return refuse("a key must be text, not a list or an object", line);
  if (frames_.size() >= max_depth) return refuse(concat("nested more than ", max_depth, " levels deep"), line);
  frame f;
  f.value.type = type;
  f.value.line = line;
  f.anchor = anchor;
  f.expects_key = type == node::kind::object;
  frames_.push_back(std::move(f));
  return true;
}

bool node_builder::end() {
  frame f = std::move(frames_.back());
  frames_.pop_back();
  if (f.value.type == node::kind::object && (!check_duplicates(f.value) || (merge_keys_ && !merge(f.value))))
    return false;
  return add(std::move(f.value), f.anchor);
}

bool node_builder::key(std::string text, int line) {
  frame& f = frames_.back();
  f.value.keys.push_back(std::move(text));
  f.key_line = line;
  f.expects_key = false;
  return true;
}

bool node_builder::scalar(json value, int line, std::size_t anchor) {
  if (expects_key()) return refuse("a key must be text of at most 1024 characters", line);
  node n;
  n.line = line;
  n.value = std::move(value);
  return add(std::move(n), anchor);
}

bool node_builder::alias(std::size_t anchor, int line) {
  if (expects_key()) return refuse("a key must be text, not an alias", line);
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) return refuse("an alias stands inside the value it names", line);
  copies_ += found->second.count;
  if (copies_ > max_copies) return refuse(concat("aliases expand to more than ", max_copies, " values"), line);
  if (frames_.size() + found->second.depth > max_depth)
    return refuse(concat("nested more than ", max_depth, " levels deep"), line);
  return add(found->second.value, 0);
}

bool node_builder::add(node value, std::size_t anchor) {
  if (!frames_.empty() && frames_.back().value.type == node::kind::object) value.line = frames_.back().key_line;
  if (anchor != 0 && !remember(value, anchor)) return false;
  if (frames_.empty()) {
    root_ = std::move(value);
    return true;
  }
  frame& f = frames_.back();
  f.value.items.push_back(std::move(value));
  f.expects_key = f.value.type == node::kind::object;
  return true;
}

bool node_builder::remember(const node& value, std::size_t anchor) {
  anchored a;
  measure(value, 1, a.count, a.depth);
  copies_ += a.count;
  if (copies_ > max_copies) return refuse(concat("anchors hold more than ", max_copies, " values"), value.line);
  a.value = value;
  anchors_[anchor] = std::move(a);
  return true;
}

bool node_builder::check_duplicates(const node& object) {
  const std::vector<std::string>& keys = object.keys;
  std::size_t first = keys.size();
  constexpr std::size_t few = 16;
  if (keys.size() <= few) {
    for (std::size_t i = 1; i < first; ++i)
      if (std::find(keys.data(), keys.data() + i, keys[i]) != keys.data() + i) first = i;
  } else {
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = 0; i < first; ++i)
      if (!seen.insert(keys[i]).second) first = i;
  }
  if (first == keys.size()) return true;
  return refuse(concat("the key ", quote(keys[first]), " is there twice"), object.items[first].line);
}

bool node_builder::merge(node& object) {
  const auto at = std::find(object.keys.begin(), object.keys.end(), "<<");
  if (at == object.keys.end()) return true;
  const auto index = at - object.keys.begin();
  const node from = std::move(object.items[static_cast<std::size_t>(index)]);
  object.keys.erase(at);
  object.items.erase(object.items.begin() + index);
  if (from.type != node::kind::list) return merge_from(object, from, from.line);
  return std::all_of(from.items.begin(), from.items.end(),
                     [&](const node& n) { return merge_from(object, n, from.line); });
}

bool node_builder::merge_from(node& object, const node& from, int line) {
  if (from.type != node::kind::object)
    return refuse(concat("'<<' merges an object or a list of objects, not ", describe(from)), line);
  const std::unordered_set<std::string> there(object.keys.begin(), object.keys.end());
  for (std::size_t i = 0; i < from.keys.size(); ++i) {
    if (there.contains(from.keys[i])) continue;
    object.keys.push_back(from.keys[i]);
    object.items.push_back(from.items[i]);
  }
  return true;
}

}  // namespace corchestra::plan_file
