#pragma once

#include <array>
#include <cstddef>

namespace corchestra::bench {

/// A DAG of layers: every task below the first layer needs four of the layer above. Task i stands in layer i / width.
struct layered_graph {
  static constexpr std::size_t layers = 1000, width = 1000, size = layers * width;

  static constexpr bool is_source(std::size_t task) { return task < width; }

  static constexpr std::array<std::size_t, 4> needs(std::size_t task) {
    const std::size_t above = (task / width - 1) * width, place = task % width;
    return {above + place, above + (place + 1) % width, above + (place + 17) % width, above + (place + 301) % width};
  }
};

}  // namespace corchestra::bench
