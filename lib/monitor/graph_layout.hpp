#pragma once

#include <cstdint>
#include <vector>

namespace corchestra::detail {

struct graph_layout_input {
  struct edge {
    std::uint32_t from = 0, to = 0;
  };
  std::vector<std::uint32_t> levels;  ///< by node; every edge goes to a higher one
  std::vector<double> widths;         ///< of nodes
  std::vector<edge> edges;
  double node_height = 30, gap_between_nodes = 12;
};

/// Where the nodes of a layered picture stand, from left to right by level, and how its edges go.
struct graph_layout {
  struct point {
    double x = 0, y = 0;
  };
  struct edge_line {
    std::vector<point> points;  ///< pairs: a curve leads to each pair, which is straight
  };
  std::vector<point> nodes;  ///< upper left corners
  std::vector<edge_line> edges;
  double width = 0, height = 0;
};

/// Levels are ordered by barycentres to have few crossings. Long edges get a lane of their own through each level that
/// they pass, one for all that come from the same node, so that no edge runs over a node.
graph_layout lay_out(const graph_layout_input& in);

/// How often the edges of two neighbouring levels cross: pairs are places in the upper and the lower order.
std::size_t crossings(std::vector<std::pair<std::uint32_t, std::uint32_t>> edges);

}  // namespace corchestra::detail
