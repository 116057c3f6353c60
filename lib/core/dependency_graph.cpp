#include <algorithm>
#include <map>
#include <queue>
#include <unordered_map>

#include <corchestra/base/text.hpp>
#include <corchestra/core/dependency_graph.hpp>

namespace corchestra {

namespace {

using index_map = std::unordered_map<std::string_view, std::uint32_t>;

// One cycle, whole, as `a -> b -> a` in the direction "needs": every task left over by Kahn's order still needs one.
std::string find_cycle(const std::vector<std::string>& ids, const std::vector<std::vector<std::uint32_t>>& needs,
                       const std::vector<bool>& ordered) {
  std::uint32_t at = 0;
  while (ordered[at]) ++at;
  std::vector<std::uint32_t> walk;
  std::vector<std::size_t> place(ids.size(), ids.size());
  while (place[at] == ids.size()) {
    place[at] = walk.size();
    walk.push_back(at);
    at = *std::find_if(needs[at].begin(), needs[at].end(), [&](std::uint32_t n) { return !ordered[n]; });
  }
  std::string text;
  for (auto i = place[at]; i < walk.size(); ++i) text += ids[walk[i]] + " -> ";
  return text + ids[at];
}

}  // namespace

std::string_view to_string(edge_kind k) noexcept {
  constexpr std::string_view names[] = {"data", "file", "api", "logic", "order"};
  return names[static_cast<std::size_t>(k)];
}

result<dependency_graph> dependency_graph::build(std::span<const task_call> tasks, std::span<const dependency_edge> extra) {
  dependency_graph g;
  index_map index;
  std::vector<std::string> twice;
  g.ids_.reserve(tasks.size());
  for (const auto& t : tasks) g.ids_.push_back(t.id);
  for (std::uint32_t i = 0; i < tasks.size(); ++i) {
    if (!index.emplace(tasks[i].id, i).second) twice.push_back(quote(tasks[i].id));
  }
  if (!twice.empty()) {
    std::sort(twice.begin(), twice.end());
    twice.erase(std::unique(twice.begin(), twice.end()), twice.end());
    return fail(errc::duplicate_task, concat("task ids used more than once: ", join(twice, ", ")));
  }

  std::map<std::string, std::vector<std::string>> unknown;  // missing id -> who asks for it
  const auto add = [&](dependency_edge e) {
    const auto from = index.find(e.from), to = index.find(e.to);
    if (from == index.end()) unknown[e.from].push_back(quote(e.to));
    if (to == index.end()) unknown[e.to].push_back(quote(e.from));
    if (from == index.end() || to == index.end()) return;
    auto& needs = g.needs_[to->second];
    if (std::find(needs.begin(), needs.end(), from->second) != needs.end()) return;
    needs.push_back(from->second);
    g.feeds_[from->second].push_back(to->second);
    g.edges_.push_back(std::move(e));
  };
  g.needs_.resize(tasks.size());
  g.feeds_.resize(tasks.size());
  for (const auto& t : tasks) {
    for (const auto& d : t.depends_on) add({d, t.id, edge_kind::order, 1.0, "", false});
  }
  for (const auto& e : extra) add(e);
  if (!unknown.empty()) {
    std::vector<std::string> parts;
    for (auto& [id, askers] : unknown) parts.push_back(concat(quote(id), " (needed by ", join(askers, ", "), ")"));
    return fail(errc::unknown_task, concat("unknown task ids: ", join(parts, ", ")));
  }
  for (auto* lists : {&g.needs_, &g.feeds_}) {
    for (auto& l : *lists) std::sort(l.begin(), l.end());
  }

  g.level_.assign(tasks.size(), 0);
  std::vector<std::uint32_t> missing(tasks.size());
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free;
  for (std::uint32_t i = 0; i < tasks.size(); ++i) {
    missing[i] = static_cast<std::uint32_t>(g.needs_[i].size());
    if (missing[i] == 0) free.push(i);
  }
  std::vector<bool> ordered(tasks.size());
  while (!free.empty()) {
    const auto t = free.top();
    free.pop();
    ordered[t] = true;
    g.order_.push_back(t);
    for (const auto d : g.feeds_[t]) {
      g.level_[d] = std::max(g.level_[d], g.level_[t] + 1);
      if (--missing[d] == 0) free.push(d);
    }
  }
  if (g.order_.size() < tasks.size()) {
    return fail(errc::dependency_cycle,
                concat("tasks that wait for each other (each needs the next): ", find_cycle(g.ids_, g.needs_, ordered)));
  }
  return g;
}

namespace {

result<std::vector<std::string>> neighbours(const std::vector<std::string>& ids,
                                            const std::vector<std::vector<std::uint32_t>>& lists, std::string_view id) {
  const auto it = std::find(ids.begin(), ids.end(), id);
  if (it == ids.end()) return fail(errc::unknown_task, concat("the graph has no task ", quote(id)));
  std::vector<std::string> out;
  for (const auto n : lists[static_cast<std::size_t>(it - ids.begin())]) out.push_back(ids[n]);
  return out;
}

// A DOT string: quotes and backslashes escaped, line breaks as \n.
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

}  // namespace

result<std::vector<std::string>> dependency_graph::dependencies(std::string_view id) const {
  return neighbours(ids_, needs_, id);
}
result<std::vector<std::string>> dependency_graph::dependents(std::string_view id) const {
  return neighbours(ids_, feeds_, id);
}

std::vector<std::string> dependency_graph::topological_order() const {
  std::vector<std::string> out;
  out.reserve(order_.size());
  for (const auto t : order_) out.push_back(ids_[t]);
  return out;
}

std::vector<std::vector<std::string>> dependency_graph::levels() const {
  std::vector<std::vector<std::string>> out;
  for (std::size_t t = 0; t < ids_.size(); ++t) {
    if (out.size() <= level_[t]) out.resize(level_[t] + 1);
    out[level_[t]].push_back(ids_[t]);
  }
  return out;
}

dependency_graph::path dependency_graph::critical_path(const weight& w) const {
  std::vector<duration> length(ids_.size());
  std::vector<std::uint32_t> before(ids_.size());
  path best;
  std::uint32_t last = 0;
  for (const auto t : order_) {
    before[t] = t;
    for (const auto up : needs_[t]) {
      if (length[up] > length[t]) {
        length[t] = length[up];
        before[t] = up;
      }
    }
    length[t] += w ? w(ids_[t]) : std::chrono::seconds(1);
    if (best.ids.empty() || length[t] > best.length) {
      best.length = length[t];
      best.ids.assign(1, {});
      last = t;
    }
  }
  best.ids.clear();
  if (ids_.empty()) return best;
  for (auto t = last;; t = before[t]) {
    best.ids.push_back(ids_[t]);
    if (before[t] == t) break;
  }
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
