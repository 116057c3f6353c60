#include "monitor/graph_layout.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

namespace corchestra::detail {

namespace {

constexpr int ordering_sweeps = 12, placing_sweeps = 16;
constexpr double lane_height = 10, lane_weight = 4;
constexpr double least_gap = 46, most_gap = 130, gap_of_edge = 1.5;
constexpr double most_band = 36;
constexpr std::uint32_t none = ~std::uint32_t{0};

/// Least squares: positions as near as can be to the wanted ones, in order and `apart[i]` from the one before.
std::vector<double> in_order(const std::vector<double>& wanted, const std::vector<double>& weights,
                             const std::vector<double>& apart) {
  struct block {
    double sum, weight;
    std::size_t size;
    double at() const { return sum / weight; }
  };
  std::vector<block> blocks;
  double offset = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    offset += apart[i];
    blocks.push_back({(wanted[i] - offset) * weights[i], weights[i], 1});
    while (blocks.size() > 1 && blocks[blocks.size() - 2].at() > blocks.back().at()) {
      const block last = blocks.back();
      blocks.pop_back();
      blocks.back().sum += last.sum;
      blocks.back().weight += last.weight;
      blocks.back().size += last.size;
    }
  }
  std::vector<double> out;
  offset = 0;
  for (const block& b : blocks) {
    for (std::size_t k = 0; k < b.size; ++k) out.push_back(b.at() + (offset += apart[out.size()]));
  }
  return out;
}

class layering {
 public:
  explicit layering(const graph_layout_input& in) : in_(in) {
    std::uint32_t levels = 0;
    for (const auto l : in.levels) levels = std::max(levels, l + 1);
    order_.resize(levels);
    for (std::uint32_t n = 0; n < in.levels.size(); ++n) add(in.levels[n], in.widths[n], in.node_height, none);
    for (std::uint32_t e = 0; e < in.edges.size(); ++e) route(in.edges[e]);
    for (auto* lists : {&before_, &after_})
      for (auto& l : *lists) {
        std::sort(l.begin(), l.end());
        l.erase(std::unique(l.begin(), l.end()), l.end());
      }
  }

  graph_layout run() {
    order();
    place();
    return result();
  }

 private:
  struct box {
    std::uint32_t level = 0, place = 0;
    double width = 0, height = 0, middle = 0;
    bool lane = false;
  };

  std::uint32_t add(std::uint32_t level, double width, double height, std::uint32_t lane_of) {
    const auto n = static_cast<std::uint32_t>(boxes_.size());
    boxes_.push_back({level, static_cast<std::uint32_t>(order_[level].size()), width, height, 0, lane_of != none});
    order_[level].push_back(n);
    before_.emplace_back();
    after_.emplace_back();
    return n;
  }

  void connect(std::uint32_t a, std::uint32_t b) {
    after_[a].push_back(b);
    before_[b].push_back(a);
  }

  // By way of the lanes of the edge's source.
  void route(const graph_layout_input::edge& e) {
    std::vector<std::uint32_t> way{e.from};
    for (std::uint32_t level = in_.levels[e.from] + 1; level < in_.levels[e.to]; ++level) {
      const auto [it, fresh] = lanes_.try_emplace({e.from, level}, 0);
      if (fresh) it->second = add(level, 0, lane_height, e.from);
      way.push_back(it->second);
    }
    way.push_back(e.to);
    for (std::size_t i = 1; i < way.size(); ++i) connect(way[i - 1], way[i]);
    ways_.push_back(std::move(way));
  }

  std::size_t all_crossings() const {
    std::size_t n = 0;
    for (std::size_t level = 1; level < order_.size(); ++level) {
      std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
      for (const auto b : order_[level])
        for (const auto a : before_[b]) edges.emplace_back(boxes_[a].place, boxes_[b].place);
      n += crossings(std::move(edges));
    }
    return n;
  }

  void number(std::uint32_t level) {
    for (std::uint32_t i = 0; i < order_[level].size(); ++i) boxes_[order_[level][i]].place = i;
  }

  void sort_level(std::uint32_t level, const std::vector<std::vector<std::uint32_t>>& neighbours) {
    std::vector<std::pair<double, std::uint32_t>> keyed;
    for (const auto b : order_[level]) {
      double sum = 0;
      for (const auto o : neighbours[b]) sum += boxes_[o].place;
      const auto count = static_cast<double>(neighbours[b].size());
      keyed.emplace_back(count > 0 ? sum / count : boxes_[b].place, b);
    }
    std::sort(keyed.begin(), keyed.end());
    for (std::size_t i = 0; i < keyed.size(); ++i) order_[level][i] = keyed[i].second;
    number(level);
  }

  // Swaps neighbours while that takes crossings away.
  void swap_neighbours() {
    for (std::uint32_t level = 0; level < order_.size(); ++level) {
      auto& o = order_[level];
      for (std::size_t i = 0; i + 1 < o.size(); ++i) {
        if (crossings_of(o[i], o[i + 1]) <= crossings_of(o[i + 1], o[i])) continue;
        std::swap(o[i], o[i + 1]);
        number(level);
      }
    }
  }

  // Between the edges of two of a level, the first standing above the second.
  std::size_t crossings_of(std::uint32_t upper, std::uint32_t lower) const {
    std::size_t n = 0;
    for (const auto* lists : {&before_, &after_})
      for (const auto a : (*lists)[upper])
        for (const auto b : (*lists)[lower]) n += boxes_[a].place > boxes_[b].place;
    return n;
  }

  void order() {
    auto best = order_;
    std::size_t fewest = all_crossings();
    const auto levels = static_cast<std::uint32_t>(order_.size());
    for (int sweep = 0; sweep < ordering_sweeps && fewest > 0; ++sweep) {
      if (sweep % 2 == 0) {
        for (std::uint32_t l = 1; l < levels; ++l) sort_level(l, before_);
      } else {
        for (std::uint32_t l = levels - 1; l-- > 0;) sort_level(l, after_);
      }
      swap_neighbours();
      if (const std::size_t n = all_crossings(); n < fewest) {
        fewest = n;
        best = order_;
      }
    }
    order_ = std::move(best);
    for (std::uint32_t l = 0; l < levels; ++l) number(l);
  }

  void place_level(std::uint32_t level, bool look_back, bool look_ahead) {
    const auto& o = order_[level];
    std::vector<double> wanted, weights, apart;
    for (std::size_t i = 0; i < o.size(); ++i) {
      const box& b = boxes_[o[i]];
      double sum = 0, weight = 0;
      const auto look = [&](const std::vector<std::uint32_t>& others) {
        for (const auto n : others) {
          const double w = b.lane && boxes_[n].lane ? lane_weight : 1;
          sum += boxes_[n].middle * w;
          weight += w;
        }
      };
      if (look_back) look(before_[o[i]]);
      if (look_ahead) look(after_[o[i]]);
      wanted.push_back(weight > 0 ? sum / weight : b.middle);
      weights.push_back(b.lane ? lane_weight : 1);
      const double gap = b.lane || (i > 0 && boxes_[o[i - 1]].lane) ? in_.gap_between_nodes / 2 : in_.gap_between_nodes;
      apart.push_back(i == 0 ? 0 : (boxes_[o[i - 1]].height + b.height) / 2 + gap);
    }
    const std::vector<double> at = in_order(wanted, weights, apart);
    for (std::size_t i = 0; i < o.size(); ++i) boxes_[o[i]].middle = at[i];
  }

  void place() {
    const auto levels = static_cast<std::uint32_t>(order_.size());
    for (std::uint32_t l = 0; l < levels; ++l) place_level(l, true, false);
    for (int sweep = 0; sweep < placing_sweeps; ++sweep) {
      for (std::uint32_t l = levels; l-- > 0;) place_level(l, sweep % 2 == 1, true);
      for (std::uint32_t l = 0; l < levels; ++l) place_level(l, true, sweep % 2 == 1);
    }
    for (std::uint32_t l = 0; l < levels; ++l) place_level(l, true, true);
    close_bands();
  }

  // Bands that no box reaches into are made narrow.
  void close_bands() {
    std::vector<std::uint32_t> by_top(boxes_.size());
    std::iota(by_top.begin(), by_top.end(), 0u);
    const auto top = [&](std::uint32_t b) { return boxes_[b].middle - boxes_[b].height / 2; };
    std::sort(by_top.begin(), by_top.end(), [&](auto a, auto b) { return top(a) < top(b); });
    double reached = top(by_top.front()), closed = 0;
    for (const auto b : by_top) {
      const double band = top(b) - reached;
      if (band > most_band) closed += band - most_band;
      reached = std::max(reached, boxes_[b].middle + boxes_[b].height / 2);
      boxes_[b].middle -= closed;
    }
  }

  graph_layout result() const {
    graph_layout out;
    std::vector<double> left(order_.size()), widest(order_.size());
    std::vector<std::size_t> entering(order_.size());
    double top = std::numeric_limits<double>::max();
    for (const box& b : boxes_) {
      widest[b.level] = std::max(widest[b.level], b.width);
      top = std::min(top, b.middle - b.height / 2);
    }
    for (std::size_t b = 0; b < boxes_.size(); ++b) entering[boxes_[b].level] += before_[b].size();
    double x = 0;
    for (std::size_t l = 0; l < order_.size(); ++l) {
      if (l > 0) x += std::clamp(least_gap + gap_of_edge * static_cast<double>(entering[l]), least_gap, most_gap);
      left[l] = x;
      x += widest[l];
    }
    out.width = x;
    for (std::uint32_t n = 0; n < in_.levels.size(); ++n) {
      const box& b = boxes_[n];
      out.nodes.push_back({left[b.level], b.middle - b.height / 2 - top});
    }
    for (const box& b : boxes_) out.height = std::max(out.height, b.middle + b.height / 2 - top);
    for (const auto& way : ways_) {
      graph_layout::edge_line line;
      for (const auto n : way) {
        const box& b = boxes_[n];
        const double width = b.lane ? widest[b.level] : b.width;
        line.points.push_back({left[b.level], b.middle - top});
        line.points.push_back({left[b.level] + width, b.middle - top});
      }
      line.points.erase(line.points.begin());
      line.points.pop_back();
      out.edges.push_back(std::move(line));
    }
    return out;
  }

  const graph_layout_input& in_;
  std::vector<box> boxes_;  // nodes, then lanes
  std::vector<std::vector<std::uint32_t>> order_, before_, after_, ways_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> lanes_;  // by source and level
};

}  // namespace

std::size_t crossings(std::vector<std::pair<std::uint32_t, std::uint32_t>> edges) {
  std::sort(edges.begin(), edges.end());
  std::uint32_t places = 0;
  for (const auto& e : edges) places = std::max(places, e.second + 1);
  std::vector<std::size_t> tree(places + 1);  // counts of lower places so far (Fenwick)
  std::size_t n = 0;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    std::size_t not_below = 0;
    for (std::uint32_t at = edges[i].second + 1; at > 0; at -= at & (~at + 1)) not_below += tree[at];
    n += i - not_below;
    for (std::uint32_t at = edges[i].second + 1; at <= places; at += at & (~at + 1)) ++tree[at];
  }
  return n;
}

graph_layout lay_out(const graph_layout_input& in) {
  if (in.levels.empty()) return {};
  return layering(in).run();
}

}  // namespace corchestra::detail
