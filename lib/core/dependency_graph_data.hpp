#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <corchestra/core/dependency_graph.hpp>

#include "core/id_table.hpp"

namespace corchestra {

/// What a dependency graph is made of: tasks are numbers in listing order.
struct dependency_graph_data {
  static constexpr std::uint32_t none = detail::id_table::none;

  /// A list of tasks for each task, in one block.
  struct lists {
    std::vector<std::uint32_t> ends;  // by task
    std::vector<std::uint32_t> tasks;

    std::span<const std::uint32_t> of(std::uint32_t t) const {
      const std::uint32_t begin = t == 0 ? 0 : ends[t - 1];
      return std::span(tasks).subspan(begin, ends[t] - begin);
    }
  };
  /// An edge that no task's `depends_on` has.
  struct added_edge {
    std::uint32_t from, to;
    edge_kind kind;
    double confidence;
    std::string evidence;
    bool analyzed;
  };

  std::vector<std::string> ids;
  detail::id_table table;
  lists listed;  // `depends_on` of each task, in its order, without repetitions
  std::vector<added_edge> added;
  lists all;  // `listed` and then `added`, of each task; not set when nothing was added
  lists feeds;
  std::vector<std::uint32_t> order;  // topological; not set when it is the listing order

  std::uint32_t find(std::string_view id) const {
    return table.find(id, detail::id_table::hash(id), [this](std::uint32_t n) -> std::string_view { return ids[n]; });
  }
  /// Also `plan/*`, which is `plan` and what it spawns.
  std::uint32_t find_need(std::string_view id) const;
  std::uint32_t size() const { return static_cast<std::uint32_t>(ids.size()); }
  const lists& needs() const { return added.empty() ? listed : all; }
  std::uint32_t in_order(std::size_t k) const { return order.empty() ? static_cast<std::uint32_t>(k) : order[k]; }
  std::vector<std::uint32_t> levels() const;  // by task

  /// `f(from, to, added)` for each edge; `added` is null for one of `depends_on`.
  template <class F>
  void each_edge(const F& f) const {
    for (std::uint32_t t = 0; t < size(); ++t) {
      for (const std::uint32_t from : listed.of(t)) f(from, t, nullptr);
    }
    for (const added_edge& e : added) f(e.from, e.to, &e);
  }
};

}  // namespace corchestra
