#include <corchestra/core/dependency_graph.hpp>

#include <algorithm>

#include <corchestra/base/text.hpp>

#include "core/dependency_graph_data.hpp"
#include "core/upward_rank.hpp"

namespace corchestra {

namespace {

using data = dependency_graph_data;

result<std::vector<std::string>> neighbours(const data& d, const data::lists& lists, std::string_view id) {
  const std::uint32_t t = d.find(id);
  if (t == data::none) return fail(errc::unknown_task, concat("the graph has no task ", quote(id)));
  const auto found = lists.of(t);
  std::vector<std::uint32_t> sorted(found.begin(), found.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> out;
  out.reserve(sorted.size());
  for (const auto n : sorted) out.push_back(d.ids[n]);
  return out;
}

duration weight_of(const dependency_graph::weight& w, std::string_view id) {
  constexpr duration unknown = std::chrono::seconds(1);
  return std::max(w ? w(id).value_or(unknown) : unknown, duration::zero());
}

}  // namespace

std::string_view to_string(edge_kind k) noexcept {
  constexpr std::string_view names[] = {"data", "file", "api", "logic", "order"};
  return names[static_cast<std::size_t>(k)];
}

std::vector<std::uint32_t> dependency_graph_data::levels() const {
  std::vector<std::uint32_t> level(ids.size());
  for (std::size_t k = 0; k < ids.size(); ++k) {
    const auto t = in_order(k);
    for (const auto n : needs().of(t)) level[t] = std::max(level[t], level[n] + 1);
  }
  return level;
}

dependency_graph::dependency_graph() {
  static const auto empty = std::make_shared<const data>();
  data_ = empty;
}

std::size_t dependency_graph::size() const noexcept { return data_->ids.size(); }
const std::vector<std::string>& dependency_graph::ids() const noexcept { return data_->ids; }
std::size_t dependency_graph::edge_count() const noexcept { return data_->listed.tasks.size() + data_->added.size(); }

std::vector<dependency_edge> dependency_graph::edges() const {
  std::vector<dependency_edge> out;
  out.reserve(edge_count());
  data_->each_edge([&](std::uint32_t from, std::uint32_t to, const data::added_edge* added) {
    dependency_edge& e = out.emplace_back();
    e.from = data_->ids[from];
    e.to = data_->ids[to];
    if (added == nullptr) return;
    e.kind = added->kind;
    e.confidence = added->confidence;
    e.evidence = added->evidence;
    e.analyzed = added->analyzed;
  });
  return out;
}

result<std::vector<std::string>> dependency_graph::dependencies(std::string_view id) const {
  return neighbours(*data_, data_->needs(), id);
}
result<std::vector<std::string>> dependency_graph::dependents(std::string_view id) const {
  return neighbours(*data_, data_->feeds, id);
}

std::vector<std::string> dependency_graph::topological_order() const {
  std::vector<std::string> out;
  out.reserve(size());
  for (std::size_t k = 0; k < size(); ++k) out.push_back(data_->ids[data_->in_order(k)]);
  return out;
}

std::vector<std::vector<std::string>> dependency_graph::levels() const {
  const auto level = data_->levels();
  std::vector<std::vector<std::string>> out;
  for (std::size_t t = 0; t < size(); ++t) {
    if (out.size() <= level[t]) out.resize(level[t] + 1);
    out[level[t]].push_back(data_->ids[t]);
  }
  return out;
}

dependency_graph::path dependency_graph::critical_path(const weight& w) const {
  path best;
  if (size() == 0) return best;
  std::vector<duration> length(size());
  std::vector<std::uint32_t> before(size(), data::none);
  std::uint32_t last = data_->in_order(0);
  for (std::size_t k = 0; k < size(); ++k) {
    const auto t = data_->in_order(k);
    for (const auto up : data_->needs().of(t)) {
      const auto now = before[t];
      if (now == data::none || length[up] > length[now] || (length[up] == length[now] && up < now)) before[t] = up;
    }
    const duration start = before[t] == data::none ? duration{} : length[before[t]];
    length[t] = detail::rank_sum(start, weight_of(w, data_->ids[t]));
    if (length[t] > length[last]) last = t;
  }
  best.length = length[last];
  for (auto t = last; t != data::none; t = before[t]) best.ids.push_back(data_->ids[t]);
  std::reverse(best.ids.begin(), best.ids.end());
  return best;
}

std::vector<duration> dependency_graph::upward_ranks(const weight& w) const {
  std::vector<duration> ranks(size());
  detail::upward_ranks_in_order(
      std::span(ranks), [this](std::size_t k) { return data_->in_order(k); },
      [this](std::uint32_t t) { return data_->needs().of(t); },
      [&](std::uint32_t t) { return weight_of(w, data_->ids[t]); });
  return ranks;
}

dependency_graph::statistics dependency_graph::order_statistics() const {
  statistics s;
  s.tasks = size();
  s.edges = edge_count();
  std::vector<std::size_t> width;
  const auto level = data_->levels();
  for (std::uint32_t t = 0; t < s.tasks; ++t) {
    if (data_->needs().of(t).empty()) ++s.sources;
    if (data_->feeds.of(t).empty()) ++s.sinks;
    if (width.size() <= level[t]) width.resize(level[t] + 1);
    s.max_width = std::max(s.max_width, ++width[level[t]]);
  }
  s.depth = width.size();
  if (s.depth > 0) s.average_width = static_cast<double>(s.tasks) / static_cast<double>(s.depth);
  return s;
}

}  // namespace corchestra
