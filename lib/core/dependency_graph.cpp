#include <corchestra/core/dependency_graph.hpp>

#include <algorithm>
#include <map>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

using neighbour_lists = std::vector<std::vector<std::uint32_t>>;

/// One cycle, whole, as `a -> b -> a` in the direction "needs", from its first task in listing order. Every task that
/// Kahn's order left over needs another such task, so following them must come back.
std::string find_cycle(const std::vector<std::string>& ids, const neighbour_lists& needs,
                       const std::vector<bool>& ordered) {
  auto at = static_cast<std::uint32_t>(std::find(ordered.begin(), ordered.end(), false) - ordered.begin());
  std::vector<std::uint32_t> walk;
  std::vector<std::size_t> place(ids.size(), ids.size());
  while (place[at] == ids.size()) {
    place[at] = walk.size();
    walk.push_back(at);
    at = *std::find_if(needs[at].begin(), needs[at].end(), [&](std::uint32_t n) { return !ordered[n]; });
  }
  walk.erase(walk.begin(), walk.begin() + static_cast<std::ptrdiff_t>(place[at]));
  std::rotate(walk.begin(), std::min_element(walk.begin(), walk.end()), walk.end());
  constexpr std::size_t readable = 200;  // a longer cycle is cut in the middle
  std::string text;
  for (std::size_t i = 0; i < walk.size(); ++i) {
    if (walk.size() > readable && i == readable / 2) {
      text += concat("(", walk.size() - readable, " more) -> ");
      i = walk.size() - readable / 2;
    }
    text += ids[walk[i]] + " -> ";
  }
  return text + ids[walk.front()];
}

/// Ids used twice, in listing order.
result<void> check_unique(const std::vector<std::string>& ids) {
  std::unordered_map<std::string_view, int> uses;
  std::vector<std::string> twice;
  for (const auto& id : ids)
    if (++uses[id] == 2) twice.push_back(quote(id));
  if (twice.empty()) return {};
  return fail(errc::duplicate_task, concat("task ids used more than once: ", join(twice, ", ")));
}

/// Unknown ids and who asks for them.
class unknown_ids {
 public:
  void add(const std::string& id, const std::string& asker) {
    const auto [it, fresh] = askers_.try_emplace(id);
    if (fresh) order_.push_back(&it->first);
    if (it->second.empty() || it->second.back() != asker) it->second.push_back(asker);
  }
  result<void> check() const {
    if (order_.empty()) return {};
    std::vector<std::string> parts;
    for (const std::string* id : order_) {
      std::vector<std::string> names;
      for (const auto& asker : askers_.at(*id)) names.push_back(quote(asker));
      parts.push_back(concat(quote(*id), " (asked for by ", join(names, ", "), ")"));
    }
    return fail(errc::unknown_task, concat("unknown task ids: ", join(parts, ", ")));
  }

 private:
  std::map<std::string, std::vector<std::string>> askers_;
  std::vector<const std::string*> order_;
};

/// A DOT string: quotes and backslashes escaped, line breaks as \n.
std::string dot_string(std::string_view s) {
  std::string out = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::vector<std::string> names(const std::vector<std::string>& ids, const std::vector<std::uint32_t>& numbers) {
  std::vector<std::string> out;
  out.reserve(numbers.size());
  for (const auto n : numbers) out.push_back(ids[n]);
  return out;
}

}  // namespace

std::string_view to_string(edge_kind k) noexcept {
  constexpr std::string_view names[] = {"data", "file", "api", "logic", "order"};
  return names[static_cast<std::size_t>(k)];
}

result<dependency_graph> dependency_graph::build(std::span<const task_call> tasks,
                                                 std::span<const dependency_edge> extra) {
  dependency_graph g;
  g.ids_.reserve(tasks.size());
  for (const auto& t : tasks) g.ids_.push_back(t.id);
  if (const auto unique = check_unique(g.ids_); !unique) return unique.error();
  g.by_id_.resize(tasks.size());
  for (std::uint32_t i = 0; i < tasks.size(); ++i) g.by_id_[i] = i;
  std::sort(g.by_id_.begin(), g.by_id_.end(), [&g](auto a, auto b) { return g.ids_[a] < g.ids_[b]; });
  g.needs_.resize(tasks.size());
  g.feeds_.resize(tasks.size());

  unknown_ids unknown;
  std::unordered_set<std::uint64_t> known_edges;
  const auto add = [&](dependency_edge e) {
    const std::uint32_t from = g.find(e.from), to = g.find(e.to);
    if (from == none) unknown.add(e.from, e.to);
    if (to == none) unknown.add(e.to, e.from);
    if (from == none || to == none || !known_edges.insert(std::uint64_t{from} << 32 | to).second) return;
    g.needs_[to].push_back(from);
    g.feeds_[from].push_back(to);
    g.edges_.push_back(std::move(e));
  };
  for (const auto& t : tasks)
    for (const auto& d : t.depends_on) add({d, t.id, edge_kind::order, 1.0, "", false});
  for (const auto& e : extra) add(e);
  if (const auto known = unknown.check(); !known) return known.error();
  for (auto* lists : {&g.needs_, &g.feeds_})
    for (auto& l : *lists) std::sort(l.begin(), l.end());
  if (const auto sorted = g.sort(); !sorted) return sorted.error();
  return g;
}

std::uint32_t dependency_graph::find(std::string_view id) const {
  const auto it = std::lower_bound(by_id_.begin(), by_id_.end(), id,
                                   [this](std::uint32_t n, std::string_view wanted) { return ids_[n] < wanted; });
  return it != by_id_.end() && ids_[*it] == id ? *it : none;
}

result<void> dependency_graph::sort() {
  level_.assign(size(), 0);
  order_.reserve(size());
  std::vector<std::size_t> missing(size());
  std::vector<bool> ordered(size());
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free;
  for (std::uint32_t t = 0; t < size(); ++t) {
    missing[t] = needs_[t].size();
    if (missing[t] == 0) free.push(t);
  }
  while (!free.empty()) {
    const auto t = free.top();
    free.pop();
    ordered[t] = true;
    order_.push_back(t);
    for (const auto d : feeds_[t]) {
      level_[d] = std::max(level_[d], level_[t] + 1);
      if (--missing[d] == 0) free.push(d);
    }
  }
  if (order_.size() == size()) return {};
  return fail(errc::dependency_cycle,
              concat("tasks that wait for each other (each needs the next): ", find_cycle(ids_, needs_, ordered)));
}

result<std::vector<std::string>> dependency_graph::neighbours(const std::vector<std::vector<std::uint32_t>>& lists,
                                                              std::string_view id) const {
  const std::uint32_t t = find(id);
  if (t == none) return fail(errc::unknown_task, concat("the graph has no task ", quote(id)));
  return names(ids_, lists[t]);
}

result<std::vector<std::string>> dependency_graph::dependencies(std::string_view id) const {
  return neighbours(needs_, id);
}
result<std::vector<std::string>> dependency_graph::dependents(std::string_view id) const {
  return neighbours(feeds_, id);
}

std::vector<std::string> dependency_graph::topological_order() const { return names(ids_, order_); }

std::vector<std::vector<std::string>> dependency_graph::levels() const {
  std::vector<std::vector<std::string>> out;
  for (std::size_t t = 0; t < ids_.size(); ++t) {
    if (out.size() <= level_[t]) out.resize(level_[t] + 1);
    out[level_[t]].push_back(ids_[t]);
  }
  return out;
}

dependency_graph::path dependency_graph::critical_path(const weight& w) const {
  path best;
  if (ids_.empty()) return best;
  std::vector<duration> length(size());
  std::vector<std::uint32_t> before(size(), none);
  std::uint32_t last = order_.front();
  for (const auto t : order_) {
    for (const auto up : needs_[t])
      if (before[t] == none || length[up] > length[before[t]]) before[t] = up;
    length[t] = (w ? w(ids_[t]) : std::chrono::seconds(1)) + (before[t] == none ? duration{} : length[before[t]]);
    if (length[t] > length[last]) last = t;
  }
  best.length = length[last];
  for (auto t = last; t != none; t = before[t]) best.ids.push_back(ids_[t]);
  std::reverse(best.ids.begin(), best.ids.end());
  return best;
}

dependency_graph::statistics dependency_graph::order_statistics() const {
  statistics s;
  s.tasks = ids_.size();
  s.edges = edges_.size();
  for (std::size_t t = 0; t < ids_.size(); ++t) {
    if (needs_[t].empty()) ++s.sources;
    if (feeds_[t].empty()) ++s.sinks;
  }
  for (const auto& l : levels()) {
    ++s.depth;
    s.max_width = std::max(s.max_width, l.size());
  }
  if (s.depth > 0) s.average_width = static_cast<double>(s.tasks) / static_cast<double>(s.depth);
  return s;
}

std::string dependency_graph::to_text() const {
  std::string out;
  const auto all = levels();
  for (std::size_t k = 0; k < all.size(); ++k) {
    out += concat("level ", k + 1, ": ", join(all[k], ", "), "\n");
  }
  for (const auto& e : edges_) {
    out += concat("  ", e.to, " needs ", e.from);
    if (e.analyzed) {
      out += concat("  (", to_string(e.kind), ", confidence ", fixed(e.confidence, 2));
      if (!e.evidence.empty()) out += concat(": ", one_line(e.evidence, 160));
      out += ")";
    }
    out += "\n";
  }
  return out;
}

std::string dependency_graph::to_dot() const {
  std::string out = "digraph plan {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n";
  for (const auto& id : ids_) out += concat("  ", dot_string(id), ";\n");
  for (const auto& e : edges_) {
    out += concat("  ", dot_string(e.from), " -> ", dot_string(e.to));
    if (e.analyzed) {
      out += concat(" [style=dashed, label=", dot_string(concat(to_string(e.kind), " ", fixed(e.confidence, 2))),
                    ", tooltip=", dot_string(one_line(e.evidence, 160)), "]");
    }
    out += ";\n";
  }
  return out + "}\n";
}

}  // namespace corchestra
