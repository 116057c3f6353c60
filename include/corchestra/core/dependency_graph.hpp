#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <corchestra/base/error.hpp>
#include <corchestra/base/time.hpp>
#include <corchestra/core/task_call.hpp>

namespace corchestra {

/// Why one task needs another (system D's kinds).
enum class edge_kind : std::uint8_t { data, file, api, logic, order };
std::string_view to_string(edge_kind k) noexcept;

/// `to` needs `from`. Explicit edges have confidence 1 and no evidence.
struct dependency_edge {
  std::string from;
  std::string to;
  edge_kind kind = edge_kind::order;
  double confidence = 1.0;
  std::string evidence;
  bool analyzed = false;  ///< found by the dependency analyzer

  friend bool operator==(const dependency_edge&, const dependency_edge&) = default;
};

/// A validated directed acyclic graph over task ids: a view of a plan, not the engine. Immutable.
class dependency_graph {
 public:
  /// From the tasks' `depends_on` plus `extra` edges; of two edges between the same tasks the first counts. One error
  /// names every duplicate (`duplicate_task`), every unknown id with the tasks that ask for it (`unknown_task`), or one
  /// whole cycle (`dependency_cycle`: `a -> b -> a`, each needs the next).
  static result<dependency_graph> build(std::span<const task_call> tasks, std::span<const dependency_edge> extra = {});

  std::size_t size() const noexcept { return ids_.size(); }
  const std::vector<std::string>& ids() const noexcept { return ids_; }  ///< in listing order
  const std::vector<dependency_edge>& edges() const noexcept { return edges_; }

  /// Direct neighbours, in listing order. Error: `unknown_task`.
  result<std::vector<std::string>> dependencies(std::string_view id) const;
  result<std::vector<std::string>> dependents(std::string_view id) const;

  /// Kahn's order, ties by listing.
  std::vector<std::string> topological_order() const;
  /// Level k holds the tasks whose longest chain of dependencies has k edges.
  std::vector<std::vector<std::string>> levels() const;

  using weight = std::function<duration(std::string_view id)>;
  /// The longest path and its length; without weights every task counts one second.
  struct path {
    std::vector<std::string> ids;
    duration length{};
  };
  path critical_path(const weight& w = {}) const;

  struct statistics {
    std::size_t tasks = 0, edges = 0, sources = 0, sinks = 0, depth = 0, max_width = 0;
    double average_width = 0;
  };
  statistics order_statistics() const;

  /// A line a level, then a line an edge, for people.
  std::string to_text() const;
  /// Graphviz DOT; analysed edges are dashed and labelled with their kind and confidence.
  std::string to_dot() const;

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  std::uint32_t find(std::string_view id) const;
  result<void> sort();
  result<std::vector<std::string>> neighbours(const std::vector<std::vector<std::uint32_t>>& lists,
                                              std::string_view id) const;

  std::vector<std::string> ids_;
  std::vector<std::uint32_t> by_id_;  // sorted by id
  std::vector<dependency_edge> edges_;
  std::vector<std::vector<std::uint32_t>> needs_;  // by task: whom it needs
  std::vector<std::vector<std::uint32_t>> feeds_;  // by task: who needs it
  std::vector<std::uint32_t> order_;               // topological
  std::vector<std::uint32_t> level_;
};

}  // namespace corchestra
