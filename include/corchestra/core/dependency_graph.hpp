#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <corchestra/base/error.hpp>
#include <corchestra/base/optional_duration.hpp>
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

struct dependency_graph_data;

/// A validated directed acyclic graph over task ids: a view of a plan, not the engine. Immutable; copies share it.
class dependency_graph {
 public:
  /// From the tasks' `depends_on` plus `extra` edges; of two edges between the same tasks the first counts. One error
  /// names the duplicates (`duplicate_task`), the unknown ids with the tasks that ask for them (`unknown_task`), or one
  /// whole cycle (`dependency_cycle`: `a -> b -> a`, each needs the next); long lists are cut. `plan/*` stands for `plan`.
  /// `at_fault` gets the number of the first task that the error is about, if it is about one of `tasks`.
  static result<dependency_graph> build(std::span<const task_call> tasks, std::span<const dependency_edge> extra = {},
                                        std::optional<std::size_t>* at_fault = nullptr);

  dependency_graph();  ///< without tasks

  std::size_t size() const noexcept;
  const std::vector<std::string>& ids() const noexcept;  ///< in listing order; lives as long as a copy of the graph
  std::size_t edge_count() const noexcept;
  /// Made anew by each call: first those of `depends_on` by task in listing order, then `extra` ones.
  std::vector<dependency_edge> edges() const;

  /// Direct neighbours, in listing order. Error: `unknown_task`.
  result<std::vector<std::string>> dependencies(std::string_view id) const;
  result<std::vector<std::string>> dependents(std::string_view id) const;

  /// Kahn's order, ties by listing.
  std::vector<std::string> topological_order() const;
  /// Level k holds the tasks whose longest chain of dependencies has k edges.
  std::vector<std::vector<std::string>> levels() const;

  /// How long a task takes; absent when that is not known, which counts as one second, as do all tasks when no function
  /// is given. Below zero counts as zero.
  using weight = std::function<optional_duration(std::string_view id)>;
  /// The longest path and its length.
  struct path {
    std::vector<std::string> ids;
    duration length{};
  };
  path critical_path(const weight& w = {}) const;
  /// By task in listing order: the longest path from the task's start to the end of all that need it (HEFT).
  std::vector<duration> upward_ranks(const weight& w = {}) const;

  struct statistics {
    std::size_t tasks = 0, edges = 0, sources = 0, sinks = 0, depth = 0, max_width = 0;
    double average_width = 0;
  };
  statistics order_statistics() const;

  /// A line a level, then a line an edge, for people.
  std::string to_text() const;
  /// Graphviz DOT; analysed edges are dashed and labelled with their kind and confidence.
  std::string to_dot() const;
  /// Mermaid flowchart; analysed edges as in DOT.
  std::string to_mermaid() const;

 private:
  std::shared_ptr<const dependency_graph_data> data_;  // never null
};

}  // namespace corchestra
