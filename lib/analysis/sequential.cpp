#include <algorithm>
#include <unordered_map>

#include <corchestra/analysis/dependency_analyzer.hpp>

namespace corchestra {

namespace {

/// Positions in the topological order of the explicit edges; a task's needs by position.
class ordered_tasks {
 public:
  ordered_tasks(std::span<const task_call> tasks, const dependency_graph& graph) {
    std::unordered_map<std::string_view, const task_call*> by_id;
    for (const task_call& t : tasks) by_id.emplace(t.id, &t);
    for (const std::string& id : graph.topological_order()) {
      const task_call* t = by_id.at(id);
      position_.emplace(t->id, order_.size());
      order_.push_back(t);
      auto& needs = needs_.emplace_back();
      for (const std::string& d : t->depends_on) needs.push_back(position_.at(d));
    }
  }

  const std::vector<const task_call*>& order() const noexcept { return order_; }

  /// Whether `later` needs `earlier`, directly or not: a walk back that ends before `earlier`.
  bool needs(std::size_t later, std::size_t earlier) const {
    std::vector<std::size_t> open = {later};
    std::vector<bool> seen(later - earlier);
    while (!open.empty()) {
      const std::size_t at = open.back();
      open.pop_back();
      for (const std::size_t n : needs_[at]) {
        if (n == earlier) return true;
        if (n < earlier || seen[n - earlier]) continue;
        seen[n - earlier] = true;
        open.push_back(n);
      }
    }
    return false;
  }

 private:
  std::vector<const task_call*> order_;
  std::unordered_map<std::string_view, std::size_t> position_;
  std::vector<std::vector<std::size_t>> needs_;
};

}  // namespace

result<analysis_result> dependency_analyzer::sequential(std::span<const task_call> tasks, std::string why) {
  const auto graph = dependency_graph::build(tasks);
  if (!graph) return graph.error();

  analysis_result out;
  out.source = analysis_source::fallback;
  out.warning = std::move(why);
  const ordered_tasks all(tasks, *graph);
  // An edge leads forward in a topological order, so none can close a cycle.
  std::optional<std::size_t> last;
  for (std::size_t i = 0; i < all.order().size(); ++i) {
    const task_call& t = *all.order()[i];
    if (t.dependencies_given) continue;
    if (last && !all.needs(i, *last))
      out.edges.push_back({all.order()[*last]->id, t.id, edge_kind::order, 1.0, "one after another", true});
    last = i;
  }
  return out;
}

}  // namespace corchestra
